"""Nearest products in implicit: the best of its cosine, TF-IDF and BM25 on each input."""

import task

# The best on the validation rows of a search that went on while a step up or down of any setting was better (most factors: 256).
# By NDCG@100 on online_retail (`new`: by recall@10) and by NDCG@20 elsewhere.
SETTINGS = {
    ("online_retail", "all"): {"weight": "count", "model": "BM25Recommender", "K": 20, "K1": 0.46875, "B": 0.75},
    ("online_retail", "new"): {"weight": "binary", "model": "BM25Recommender", "K": 20, "K1": 0.75, "B": 0.75},
    ("journey", "all"): {"weight": "count", "model": "BM25Recommender", "K": 320, "K1": 0.001665, "B": 0.56391},
    ("lastfm", "new"): {"weight": "log", "model": "CosineRecommender", "K": 5120},
}


def main():
    found, clock = task.arguments(), task.Clock()
    from implicit import nearest_neighbours

    clock.end_of("import")
    form = dict(SETTINGS[found.input.name, found.task])
    known = task.read(found, form.pop("weight"))
    clock.end_of("read")
    model = getattr(nearest_neighbours, form.pop("model"))(**form, num_threads=found.threads)
    places, scores = task.fitted_by_implicit(model, known, found.task)
    # It fills a list that is too short with products without any score, and they may be the customer's own.
    places[scores <= 0.0] = -1
    clock.end_of("fit and score")
    task.write(found, known, places, scores)
    clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
