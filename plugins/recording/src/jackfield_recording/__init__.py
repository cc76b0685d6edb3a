"""Recordings of talks: both sides apart, encoded after the call."""
