"""Pictures of a segmentation: overlays, steps on the way, the terminal. matplotlib lives here only."""
