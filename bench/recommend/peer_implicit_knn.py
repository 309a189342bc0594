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


# A list that is too short is filled with products without any score, and they may be the customer's own.
for form in SETTINGS.values():
    form["only_above_zero"] = True


def build(found, form):
    from implicit import nearest_neighbours

    return getattr(nearest_neighbours, form.pop("model"))(**form, num_threads=found.threads)


if __name__ == "__main__":
    task.run_implicit(SETTINGS, build)
