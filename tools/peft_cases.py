"""The adapters of the PEFT matrix.

AXES: for each network, the relevant options with their values as arguments of LoraConfig; the first value is the
default. `pairs` selects a few combinations that cover every pair of values of different options. SPECIAL: cases outside
the axes. COMBINED: add_weighted_adapter.
"""
import itertools

METHOD = dict(lora={}, rslora=dict(use_rslora=True), dora=dict(use_dora=True))
BIAS = dict(none={}, all=dict(bias="all"), lora_only=dict(bias="lora_only"))
LORA_BIAS = dict(no={}, yes=dict(lora_bias=True))
DROPOUT = dict(none={}, some=dict(lora_dropout=0.1))  # the fixtures are computed in evaluation mode


def init(*values):
    return {str(v).lower(): dict(init_lora_weights=v) for v in values}


AXES = dict(
    mlp=dict(
        method=METHOD,
        init=init(True, False, "gaussian", "orthogonal", "pissa", "pissa_niter_4", "olora"),
        targets=dict(
            names=dict(target_modules=["fc"]),
            paths=dict(target_modules=["body.layers.1.fc", "head"]),
            regex=dict(target_modules=r"body\.layers\.\d+\.fc|head"),
            all_linear=dict(target_modules="all-linear"),
            layers=dict(target_modules=["fc"], layers_to_transform=[1]),
        ),
        bias=BIAS,
        lora_bias=LORA_BIAS,
        patterns=dict(
            none={},
            rank=dict(rank_pattern={"layers.0.fc": 4}),
            alpha=dict(alpha_pattern={r"layers\.\d+\.fc": 5}),
            both=dict(rank_pattern={"1.fc": 4, "fc": 2}, alpha_pattern={"body.layers.1.fc": 1, "head": 5}),
        ),
        extra=dict(
            none={},
            save_head=dict(modules_to_save=["head"]),
            exclude_name=dict(exclude_modules=["layers.0.fc"]),
            exclude_regex=dict(exclude_modules=r".*\.0\.fc"),
        ),
        dropout=DROPOUT,
    ),
    convs=dict(
        method=METHOD,
        init=init(True, False, "gaussian", "orthogonal", "pissa", "olora"),
        targets=dict(
            two_d=dict(target_modules=["image"]),
            three_d=dict(target_modules=["volume"]),
            one_d=dict(target_modules=["line"]),
            one_by_one=dict(target_modules=["point"]),
            groups=dict(target_modules=["grouped"]),
            regex=dict(target_modules="image|volume|line|head"),
        ),
        bias=BIAS,
        lora_bias=LORA_BIAS,
        patterns=dict(
            none={},
            both=dict(rank_pattern={"image|grouped": 4, "volume": 1}, alpha_pattern={"image": 5, "line": 1}),
        ),
        extra=dict(none={}, save_head=dict(modules_to_save=["head"])),
        dropout=DROPOUT,
    ),
    embedding=dict(
        method=METHOD,
        init=init(True, False, "gaussian"),
        targets=dict(
            embed=dict(target_modules=["embed"]),
            embed_fc=dict(target_modules=["embed", "fc"]),
            fc=dict(target_modules=["fc"]),
            regex=dict(target_modules="embed|head"),
        ),
        tokens=dict(none={}, some=dict(trainable_token_indices=dict(embed=[1, 5]))),
        bias=BIAS,
        lora_bias=LORA_BIAS,
        patterns=dict(none={}, both=dict(rank_pattern=dict(embed=4), alpha_pattern=dict(embed=5, fc=1))),
        extra=dict(none={}, save_head=dict(modules_to_save=["head"]), save_embed=dict(modules_to_save=["embed"])),
    ),
    gpt2block=dict(
        method=METHOD,
        init=init(True, False, "gaussian", "orthogonal", "pissa", "pissa_niter_4", "olora"),
        targets=dict(
            names=dict(target_modules=["c_attn"]),
            paths=dict(target_modules=["attn.c_proj", "h.1.mlp.c_fc"]),
            regex=dict(target_modules=r".*\.mlp\.c_(fc|proj)"),
            all_linear=dict(target_modules="all-linear"),
            layers=dict(target_modules=["c_attn", "c_fc"], layers_to_transform=[1], layers_pattern="h"),
        ),
        fan_in_fan_out=dict(yes=dict(fan_in_fan_out=True), no={}),
        bias=BIAS,
        lora_bias=LORA_BIAS,
        patterns=dict(none={}, both=dict(rank_pattern={"c_attn": 4}, alpha_pattern={r"h\.1\..*": 5})),
        extra=dict(none={}, save_norm=dict(modules_to_save=["ln_2"]), exclude=dict(exclude_modules=["lm_head"])),
    ),
    moe=dict(
        method=METHOD,
        init=init(True, False, "gaussian", "orthogonal", "pissa"),
        targets=dict(
            one=dict(target_modules=[], target_parameters=["first.up"]),
            two=dict(target_modules=[], target_parameters=["first.up", "first.down"]),
            transposed=dict(target_modules=[], target_parameters=["second.up", "second.down"]),
            matrix=dict(target_modules=[], target_parameters=["mixer.kernel"]),
            with_module=dict(target_modules=["router"], target_parameters=["first.down", "mixer.kernel"]),
        ),
        bias=BIAS,
        lora_bias=LORA_BIAS,
        # patterns match paths that end with the parameter: "second" alone matches nothing
        patterns=dict(none={}, both=dict(rank_pattern={"first.up": 4, "router": 1},
                                         alpha_pattern={"down|kernel": 5, "second": 1})),
        extra=dict(none={}, save_head=dict(modules_to_save=["head"])),
        dropout=DROPOUT,
    ),
)
# In these networks all targets have one layer type, so naming them differently cannot affect initialisation.
INDEPENDENT = dict(mlp=[{"init", "targets"}], gpt2block=[{"init", "targets"}])
COMMON = dict(r=2, lora_alpha=3)  # makes alpha / r, alpha / sqrt(r), alpha and 1 all different


def options(network, choice):
    """Returns the arguments of LoraConfig for one value per axis."""
    out = dict(COMMON)
    for axis, value in choice.items():
        out |= AXES[network][axis][value]
    return out


def default(network):
    return {axis: next(iter(values)) for axis, values in AXES[network].items()}


def all_pairs(network, without=()):
    axes = AXES[network]
    for one, two in itertools.combinations(axes, 2):
        if {one, two} in INDEPENDENT.get(network, []):
            continue
        for pair in itertools.product(axes[one], axes[two]):
            if (one, pair[0]) not in without and (two, pair[1]) not in without:
                yield frozenset({(one, pair[0]), (two, pair[1])})


def pairs_of(choice):
    return {frozenset(pair) for pair in itertools.combinations(choice.items(), 2)}


def covering(network, refused_values, refused_pairs):
    """Greedily selects few choices that cover every pair accepted by PEFT."""
    axes = {axis: [v for v in values if (axis, v) not in refused_values] for axis, values in AXES[network].items()}
    missing = [p for p in all_pairs(network, refused_values) if p not in refused_pairs]
    while missing:
        choice = dict(missing[0])  # the first missing pair, completed to cover as many others as possible
        for axis in sorted(axes, key=lambda a: a not in choice):
            if axis in choice:
                continue
            fits = [v for v in axes[axis] if not pairs_of({**choice, axis: v}) & refused_pairs]
            if not fits:
                break
            choice[axis] = max(fits, key=lambda v: len(pairs_of({**choice, axis: v}) & set(missing)))
        else:
            covered = pairs_of(choice)
            missing = [p for p in missing if p not in covered]
            yield {axis: choice[axis] for axis in axes}
            continue
        yield dict(choice)  # no combination contains this pair: try it alone, to be refused
        missing = missing[1:]


def name(network, choice):
    """Names a case by method, init, targets and other non-default values: mlp-dora-pissa-names-bias_all."""
    first = default(network)
    words = [network] + [choice[axis] for axis in ("method", "init", "targets")]
    words += [axis if value == "yes" else f"{axis}_{value}" for axis, value in choice.items()
              if axis not in ("method", "init", "targets") and value != first[axis]]
    return "-".join(words)


def copy(arguments):
    """Copies the arguments, since PEFT keeps and modifies them (rank_pattern, for example)."""
    return {k: copy(v) if isinstance(v, dict) else list(v) if isinstance(v, list) else v for k, v in arguments.items()}


FC, ALL = dict(target_modules=["fc"]), dict(target_modules=["fc", "head"])
HALF, WHOLE = dict(density=0.5), dict(density=1.0)
EMBED, TWO_D, ATTENTION = (dict(target_modules=["embed", "fc"]), dict(target_modules=["image"]),
                           dict(target_modules=["c_attn"], fan_in_fan_out=True))


def combined():
    """(name, network, first adapter, second adapter, add_weighted_adapter's arguments)."""
    def case(network, kind, first=FC, second=None, weights=(0.7, 0.4), named="", **more):
        second = dict(first if second is None else second, lora_alpha=5)
        words = "-".join(w for w in ("combined", network, kind, named) if w)
        return words, network, first, second, dict(weights=list(weights), combination_type=kind, **more)

    for kind in ("linear", "cat", "svd"):
        yield case("mlp", kind)
        yield case("mlp", kind, weights=(1.0, -0.5), named="negative")
        yield case("mlp", kind, FC, dict(target_modules=["head"]), named="disjoint")
        yield case("mlp", kind, FC, dict(FC, r=3), named="ranks")
        yield case("mlp", kind, dict(FC, use_rslora=True), named="rslora")
        yield case("mlp", kind, dict(FC, use_dora=True), named="dora")
        yield case("mlp", kind, dict(FC, lora_bias=True), named="lora_bias")
        yield case("mlp", kind, dict(FC, rank_pattern={"1.fc": 4}, alpha_pattern={"1.fc": 1}), named="patterns")
        yield case("embedding", kind, EMBED)
        yield case("convs", kind, TWO_D)
        yield case("gpt2block", kind, ATTENTION)
    yield case("mlp", "svd", svd_rank=1, named="rank_1")
    yield case("mlp", "svd", svd_clamp=0.9, named="clamp")
    yield case("mlp", "svd", svd_full_matrices=False, named="reduced")
    for module in ("point", "line", "volume"):
        yield case("convs", "svd", dict(target_modules=[module]), named=module)
    for suffix in ("", "_svd"):
        yield case("mlp", "ties" + suffix, **HALF)
        yield case("mlp", "ties" + suffix, **HALF, majority_sign_method="frequency", named="frequency")
        yield case("mlp", "ties" + suffix, weights=(1.0, -0.5), **HALF, named="negative")
        yield case("mlp", "magnitude_prune" + suffix, **HALF)
        for kind in ("dare_linear", "dare_ties"):
            yield case("mlp", kind + suffix, **WHOLE)
            yield case("mlp", kind + suffix, **HALF, named="random")
        yield case("embedding", "ties" + suffix, EMBED, **HALF)
        yield case("gpt2block", "ties" + suffix, ATTENTION, **HALF)
    yield case("convs", "ties_svd", TWO_D, **HALF)
    yield case("mlp", "magnitude_prune", density=0.3, named="thirds")
    yield case("mlp", "linear", FC, dict(target_modules="head"), named="list_and_regex")
    yield case("mlp", "linear", dict(target_modules="head"), named="regex")
    yield case("mlp", "linear", dict(FC, modules_to_save=["head"]), named="both_save_head")
    yield case("mlp", "linear", dict(FC, bias="all"), named="both_bias_all")
    yield case("mlp", "ties", named="no_density")
    yield case("moe", "linear", dict(target_modules=[], target_parameters=["first.up"]))


# Two active adapters: (name, network, first, second). With DoRA the order matters.
ACTIVE = [
    ("active-mlp-lora_lora", "mlp", FC, dict(ALL, lora_alpha=5)),
    ("active-mlp-lora_dora", "mlp", FC, dict(ALL, use_dora=True)),
    ("active-mlp-dora_lora", "mlp", dict(ALL, use_dora=True), FC),
    ("active-mlp-dora_dora", "mlp", dict(FC, use_dora=True), dict(FC, use_dora=True, lora_alpha=5)),
    ("active-embedding-lora_lora", "embedding", EMBED, dict(EMBED, lora_alpha=5)),
    ("active-convs-lora_lora", "convs", TWO_D, dict(TWO_D, lora_alpha=5)),
    ("active-gpt2block-lora_lora", "gpt2block", ATTENTION, dict(ATTENTION, lora_alpha=5)),
    ("active-moe-lora_lora", "moe", *[dict(target_modules=[], target_parameters=["first.up"], lora_alpha=a)
                                     for a in (3, 5)]),
]
