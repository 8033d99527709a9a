"""The part of the service's API that the local collector answers."""
