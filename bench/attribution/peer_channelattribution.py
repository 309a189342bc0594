"""ChannelAttribution's Markov model as it comes: at least 100,000 simulated paths, more until repetitions agree to 5 %."""

import task

if __name__ == "__main__":
    task.run_channelattribution()
