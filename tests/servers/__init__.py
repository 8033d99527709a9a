"""Servers on loopback for the tests: providers that misbehave, and a stand-in for the MutagenT service."""
