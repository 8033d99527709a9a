"""How each provider writes a reply: pure functions from a request and a :class:`~mutagent.demo.script.Reply`."""
