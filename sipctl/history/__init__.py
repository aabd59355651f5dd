"""What the commits did to each file, field by field, and going back."""
