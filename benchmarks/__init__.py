"""How fast sipctl is beside its peers, and how that grows: `make bench`."""
