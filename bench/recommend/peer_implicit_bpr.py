"""Bayesian personalised ranking in implicit (Rendle et al. 2009)."""

import task

# The best on the validation rows of a search that went on while a step up or down of any setting was better (most factors: 256).
# By NDCG@100 on online_retail (`new`: by recall@10) and by NDCG@20 elsewhere.
SETTINGS = {
    ("online_retail", "all"): {
        "weight": "binary",
        "factors": 256,
        "learning_rate": 0.03,
        "regularization": 0.0,
        "iterations": 100,
    },
    ("online_retail", "new"): {
        "weight": "binary",
        "factors": 128,
        "learning_rate": 0.06,
        "regularization": 0.02,
        "iterations": 400,
    },
    ("journey", "all"): {"weight": "binary", "factors": 256, "learning_rate": 0.03, "regularization": 3e-06, "iterations": 200},
    ("lastfm", "new"): {
        "weight": "binary",
        "factors": 64,
        "learning_rate": 0.0075,
        "regularization": 0.000741,
        "iterations": 100,
    },
}


def build(found, form):
    from implicit.bpr import BayesianPersonalizedRanking

    return BayesianPersonalizedRanking(**form, num_threads=found.threads, random_state=task.SEED)


if __name__ == "__main__":
    task.run_implicit(SETTINGS, build)
