"""`make demo`: real calls to the packages as they are installed, each checked from its far end. See README.md."""
