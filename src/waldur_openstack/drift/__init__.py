"""What users declared and clouds were seen to have otherwise: noticed by pulls, adopted or reverted by users."""
