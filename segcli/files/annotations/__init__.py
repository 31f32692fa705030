"""Annotations in the formats of other programs: `formats` is the table, `annotated` what is in the middle."""
