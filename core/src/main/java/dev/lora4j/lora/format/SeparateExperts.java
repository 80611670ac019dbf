package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Adapters of mixtures of experts in two layouts. That of transformers 4 has matrices for each
 * expert, {@code experts.0.gate_proj.lora_A.weight}; that of transformers 5 adapts the stacked
 * parameters {@code experts.gate_up_proj} and {@code experts.down_proj}.
 *
 * <p>As in PEFT, gate and up become one delta of twice their rank and alpha: with a block-diagonal
 * B, {@code [B₁ 0; 0 B₂] [A₁; A₂] = [B₁ A₁; B₂ A₂]}.
 */
public final class SeparateExperts {
  private static final Pattern FACTOR =
      Pattern.compile("(.+\\.experts)\\.(\\d{1,6})\\.(gate|up|down)_proj\\.lora_([AB])\\.weight");
  private static final Pattern EXPERT = Pattern.compile(".+\\.experts\\.\\d{1,6}(\\..+)?");
  private static final String GATE_AND_UP = ".gate_up_proj";
  private static final String DOWN = ".down_proj";
  private static final String INNER = ".base_layer"; // of the first of two adapted parameters

  private SeparateExperts() {}

  /** The A and B of one expert's layer. */
  private record Factors(Tensor a, Tensor b) {}

  /**
   * Returns an adapter in the layout of a network's experts; new tensors belong to the caller's
   * pointer scope.
   *
   * @param modules the network's module paths
   */
  public static StoredAdapter fitted(StoredAdapter adapter, Set<String> modules) {
    boolean separate = modules.stream().anyMatch(path -> EXPERT.matcher(path).matches());
    if (separate) {
      return isStacked(adapter) ? separated(adapter) : adapter;
    }
    return isSeparate(adapter) ? stacked(adapter) : adapter;
  }

  private static boolean isSeparate(StoredAdapter adapter) {
    return adapter.tensors().keySet().stream().anyMatch(key -> FACTOR.matcher(key).matches());
  }

  private static boolean isStacked(StoredAdapter adapter) {
    return adapter.paths().stream().anyMatch(SeparateExperts::isOfStack);
  }

  private static boolean isOfStack(String path) {
    return path.replace(INNER, "").endsWith(".experts");
  }

  // ---- transformers 4 to 5 ----

  /**
   * Returns the same adapter of stacked parameters.
   *
   * @throws UserError if an expert's layer has no adapter, though others have one
   */
  static StoredAdapter stacked(StoredAdapter adapter) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, SortedMap<Integer, Map<String, Factors>>> layers = new LinkedHashMap<>();
    adapter
        .tensors()
        .forEach(
            (key, tensor) -> {
              Matcher factor = FACTOR.matcher(key);
              if (!factor.matches()) {
                tensors.put(key, tensor);
              } else if (factor.group(4).equals("A")) {
                layers
                    .computeIfAbsent(factor.group(1), path -> new TreeMap<>())
                    .computeIfAbsent(Integer.valueOf(factor.group(2)), e -> new LinkedHashMap<>())
                    .put(factor.group(3), factors(adapter, key));
              }
            });
    List<String> parameters = new ArrayList<>();
    layers.forEach((path, experts) -> stack(path, experts, tensors, parameters));
    return new StoredAdapter(
        config(adapter, tensors, parameters, layers), tensors, adapter.baseFingerprint());
  }

  private static Factors factors(StoredAdapter adapter, String keyOfA) {
    String path = keyOfA.substring(0, keyOfA.length() - StoredAdapter.A.length());
    return new Factors(adapter.tensor(keyOfA), adapter.tensor(path + StoredAdapter.B));
  }

  private static void stack(
      String path,
      SortedMap<Integer, Map<String, Factors>> experts,
      Map<String, Tensor> tensors,
      List<String> parameters) {
    Set<String> layers = experts.values().iterator().next().keySet();
    experts.forEach(
        (number, own) -> {
          if (!own.keySet().equals(layers) || number >= experts.size()) {
            throw new UserError(
                "%s: each expert needs an adapter of the same layers, %s".formatted(path, layers));
          }
        });
    if (layers.contains("gate") != layers.contains("up")) {
      throw new UserError(
          path + ": gate_proj and up_proj are one parameter; both or neither need an adapter");
    }
    if (layers.contains("gate")) {
      String inner = layers.contains("down") ? INNER : "";
      put(path + inner, experts.values().stream().map(SeparateExperts::gateAndUp), tensors);
      parameters.add(path + GATE_AND_UP);
    }
    if (layers.contains("down")) {
      put(path, experts.values().stream().map(own -> of(own, "down")), tensors);
      parameters.add(path + DOWN);
    }
  }

  private static Factors of(Map<String, Factors> expert, String layer) {
    Factors found = expert.get(layer);
    if (found == null) {
      throw new IllegalStateException("no " + layer);
    }
    return found;
  }

  private static Factors gateAndUp(Map<String, Factors> expert) {
    Factors gate = of(expert, "gate");
    Factors up = of(expert, "up");
    return new Factors(
        Ops.join(0, gate.a(), up.a()), torch.block_diag(new TensorVector(gate.b(), up.b())));
  }

  /** Puts A as {@code [E · rank, in]}, and B as {@code [out, rank · E]}. */
  private static void put(String path, Stream<Factors> ofExperts, Map<String, Tensor> tensors) {
    List<Factors> all = ofExperts.toList();
    Tensor[] as = all.stream().map(Factors::a).toArray(Tensor[]::new);
    Tensor[] bs = all.stream().map(Factors::b).toArray(Tensor[]::new);
    Tensor b = torch.stack(new TensorVector(bs), -1); // [out, rank, E]
    tensors.put(path + StoredAdapter.A, Ops.join(0, as));
    tensors.put(path + StoredAdapter.B, b.reshape(b.size(0), -1));
  }

  private static LoraConfig config(
      StoredAdapter adapter,
      Map<String, Tensor> others,
      List<String> parameters,
      Map<String, SortedMap<Integer, Map<String, Factors>>> layers) {
    LoraConfig old = adapter.config();
    Map<String, Double> ranks = new LinkedHashMap<>();
    Map<String, Double> alphas = new LinkedHashMap<>();
    for (String parameter : parameters) {
      boolean both = parameter.endsWith(GATE_AND_UP);
      String experts = parameter.substring(0, parameter.lastIndexOf('.'));
      String former = experts + ".0." + (both ? "gate_proj" : "down_proj");
      ranks.put(parameter, (both ? 2.0 : 1.0) * old.rankAt(former));
      alphas.put(parameter, (both ? 2 : 1) * old.alphaAt(former));
    }
    List<String> remaining =
        others.keySet().stream()
            .filter(key -> key.endsWith(StoredAdapter.A))
            .map(key -> key.substring(0, key.length() - StoredAdapter.A.length()))
            .filter(path -> !layers.containsKey(path.replace(INNER, "")))
            .toList();
    for (String path : remaining) {
      ranks.put(path, (double) old.rankAt(path));
      alphas.put(path, old.alphaAt(path));
    }
    LoraConfig targeted = remaining.isEmpty() ? old.targets(Targets.none()) : old.only(remaining);
    return targeted
        .patterns(
            PathPatterns.exactly(ranks, old.rank()), PathPatterns.exactly(alphas, old.alpha()))
        .dropout(0) // a stacked parameter can't have any, and none is used after training
        .targetParameters(parameters.toArray(String[]::new));
  }

  // ---- transformers 5 to 4 ----

  /**
   * Returns the same adapter with matrices for each expert; new tensors belong to the caller's
   * pointer scope. Those of gate and up have the rank of the stacked parameter, whose A they share.
   */
  public static StoredAdapter separated(StoredAdapter adapter) {
    LoraConfig old = adapter.config();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, Double> ranks = new LinkedHashMap<>();
    Map<String, Double> alphas = new LinkedHashMap<>();
    adapter
        .tensors()
        .forEach(
            (key, tensor) -> {
              String path = key.replaceAll("\\.lora_[AB]\\.weight$", "");
              if (!isOfStack(path)) {
                tensors.put(key, tensor);
              } else if (key.endsWith(StoredAdapter.A)) {
                String parameter = parameterOf(path, adapter);
                Map<String, Factors> made =
                    separated(parameter, factors(adapter, key), old.rankAt(parameter));
                made.forEach(
                    (expert, own) -> {
                      tensors.put(expert + StoredAdapter.A, own.a());
                      tensors.put(expert + StoredAdapter.B, own.b());
                      ranks.put(expert, (double) old.rankAt(parameter));
                      alphas.put(expert, old.alphaAt(parameter));
                    });
              }
            });
    StoredAdapter made = new StoredAdapter(old, tensors, adapter.baseFingerprint());
    for (String path : made.paths()) {
      ranks.putIfAbsent(path, (double) old.rankAt(path));
      alphas.putIfAbsent(path, old.alphaAt(path));
    }
    LoraConfig config =
        old.targetParameters(new String[0])
            .only(made.paths())
            .patterns(
                PathPatterns.exactly(ranks, old.rank()), PathPatterns.exactly(alphas, old.alpha()));
    return new StoredAdapter(config, tensors, adapter.baseFingerprint());
  }

  /** Returns the stacked parameter of a path; of two, the first one is the inner one. */
  private static String parameterOf(String path, StoredAdapter adapter) {
    String experts = path.replace(INNER, "");
    boolean alone = !adapter.tensors().containsKey(experts + INNER + StoredAdapter.A);
    boolean onlyGateAndUp =
        alone
            && adapter.config().targetParameters().stream()
                .anyMatch(name -> (experts + GATE_AND_UP).endsWith(name));
    return experts + (path.endsWith(INNER) || onlyGateAndUp ? GATE_AND_UP : DOWN);
  }

  /** Returns the factors of each expert's layers by path. */
  private static Map<String, Factors> separated(String parameter, Factors stacked, int rank) {
    Tensor a = stacked.a().view(-1, rank, stacked.a().size(1)); // [E, rank, in]
    Tensor b = stacked.b().view(stacked.b().size(0), rank, -1); // [out, rank, E]
    String experts = parameter.substring(0, parameter.lastIndexOf('.'));
    List<String> layers =
        parameter.endsWith(GATE_AND_UP) ? List.of("gate_proj", "up_proj") : List.of("down_proj");
    long rows = b.size(0) / layers.size();
    Map<String, Factors> factors = new LinkedHashMap<>();
    for (long expert = 0; expert < a.size(0); expert++) {
      for (int i = 0; i < layers.size(); i++) {
        factors.put(
            experts + "." + expert + "." + layers.get(i),
            new Factors(
                a.select(0, expert).contiguous(),
                b.narrow(0, i * rows, rows).select(2, expert).contiguous()));
      }
    }
    return factors;
  }
}
