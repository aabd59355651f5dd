"""Scenarios: what they say, a call's way through one, and changes of one."""
