"""ChannelAttribution's Markov model with at least 20 million simulated paths."""

import task

if __name__ == "__main__":
    task.run_channelattribution(nsim_start=20e6)
