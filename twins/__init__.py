"""Simulated clouds that speak the real wire protocols."""
