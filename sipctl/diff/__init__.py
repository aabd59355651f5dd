"""What differs between two versions of a workspace, and what that does to calls."""
