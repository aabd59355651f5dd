"""SIP endpoints of a contact centre as YAML files in a Git repository."""

__version__ = "0.1.0"
