"""Networks that classify whole pictures; most segmentation networks begin as one of them."""
