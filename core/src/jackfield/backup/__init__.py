"""Back-ups of the whole box: site, database, sounds and hand-written files in one archive; and restoring them."""
