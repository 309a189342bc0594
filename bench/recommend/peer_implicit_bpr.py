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


def main():
    found, clock = task.arguments(), task.Clock()
    from implicit.bpr import BayesianPersonalizedRanking

    clock.end_of("import")
    form = dict(SETTINGS[found.input.name, found.task])
    known = task.read(found, form.pop("weight"))
    clock.end_of("read")
    model = BayesianPersonalizedRanking(**form, num_threads=found.threads, random_state=task.SEED)
    places, scores = task.fitted_by_implicit(model, known, found.task)
    clock.end_of("fit and score")
    task.write(found, known, places, scores)
    clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
