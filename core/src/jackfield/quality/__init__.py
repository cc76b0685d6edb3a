"""Quality of calls: what RTCP says of a leg, the E-model's opinion of it, and trends that raise an alarm."""
