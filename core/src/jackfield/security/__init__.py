"""What keeps strangers, thieves and floods away: bans, toll-fraud bursts, overload."""
