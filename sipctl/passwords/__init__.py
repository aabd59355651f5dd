"""Passwords: how they are kept, opened, checked and kept out of sight."""
