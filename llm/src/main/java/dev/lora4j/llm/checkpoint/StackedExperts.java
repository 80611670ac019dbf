package dev.lora4j.llm.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.WeightStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A checkpoint in transformers 4's layout, with a tensor for each expert, in that of transformers
 * 5: {@code experts.0.gate_proj.weight}, {@code experts.0.up_proj.weight}, … as {@code
 * experts.gate_up_proj}, {@code [experts, 2 · intermediate, hidden]}, and the others as {@code
 * experts.down_proj}.
 */
final class StackedExperts implements WeightFile {
  private static final Pattern EXPERT =
      Pattern.compile("(.+\\.experts)\\.(\\d{1,6})\\.(gate|up|down)_proj\\.weight");

  private final WeightFile weights;
  private final Map<String, List<List<String>>> stacks = new LinkedHashMap<>(); // parts of each
  private final Set<String> names = new LinkedHashSet<>();

  private StackedExperts(WeightFile weights) {
    this.weights = weights;
    Map<String, SortedMap<Integer, Map<String, String>>> found = new LinkedHashMap<>();
    for (String name : weights.names()) {
      Matcher expert = EXPERT.matcher(name);
      if (expert.matches()) {
        found
            .computeIfAbsent(expert.group(1), path -> new TreeMap<>())
            .computeIfAbsent(Integer.valueOf(expert.group(2)), number -> new LinkedHashMap<>())
            .put(expert.group(3), name);
      } else {
        names.add(name);
      }
    }
    found.forEach(this::stack);
    names.addAll(stacks.keySet());
  }

  /** Returns the weights with stacked experts; unchanged if no tensor is of one expert. */
  static WeightFile over(WeightFile weights) {
    boolean separate = weights.names().stream().anyMatch(name -> EXPERT.matcher(name).matches());
    return separate ? new StackedExperts(weights) : weights;
  }

  private void stack(String path, SortedMap<Integer, Map<String, String>> experts) {
    List<List<String>> gateAndUp = new ArrayList<>();
    List<List<String>> down = new ArrayList<>();
    experts.forEach(
        (number, parts) -> {
          if (number != gateAndUp.size() || parts.size() < 3) {
            String missing = path + "." + gateAndUp.size();
            throw new CorruptFile(
                weights.path(), missing + ": expected gate_proj, up_proj and down_proj");
          }
          gateAndUp.add(List.of(parts.getOrDefault("gate", ""), parts.getOrDefault("up", "")));
          down.add(List.of(parts.getOrDefault("down", "")));
        });
    stacks.put(path + ".gate_up_proj", gateAndUp);
    stacks.put(path + ".down_proj", down);
  }

  /** Returns the parts of each expert; empty for a tensor of the file itself. */
  private List<List<String>> partsOf(String name) {
    return stacks.getOrDefault(name, List.of());
  }

  @Override
  public Path path() {
    return weights.path();
  }

  @Override
  public Set<String> names() {
    return names;
  }

  @Override
  public DType dtype(String name) {
    List<List<String>> parts = partsOf(name);
    return weights.dtype(parts.isEmpty() ? name : parts.get(0).get(0));
  }

  @Override
  public List<Long> shape(String name) {
    List<List<String>> parts = partsOf(name);
    if (parts.isEmpty()) {
      return weights.shape(name);
    }
    List<Long> first = weights.shape(parts.get(0).get(0));
    if (first.size() != 2) {
      throw new CorruptFile(
          path(), "%s: expected a matrix, found %s".formatted(parts.get(0).get(0), first));
    }
    parts.forEach(expert -> expert.forEach(part -> checkShape(part, first)));
    return List.of((long) parts.size(), parts.get(0).size() * first.get(0), first.get(1));
  }

  private void checkShape(String part, List<Long> expected) {
    if (!weights.shape(part).equals(expected)) {
      throw new CorruptFile(
          path(), "%s: expected %s, found %s".formatted(part, expected, weights.shape(part)));
    }
  }

  @Override
  public Tensor read(String name) {
    List<List<String>> parts = partsOf(name);
    if (parts.isEmpty()) {
      return weights.read(name);
    }
    List<Tensor> experts = new ArrayList<>();
    for (List<String> expert : parts) {
      List<Tensor> rows = expert.stream().map(weights::read).toList();
      experts.add(torch.cat(new TensorVector(rows.toArray(Tensor[]::new)), 0));
    }
    return torch.stack(new TensorVector(experts.toArray(Tensor[]::new)), 0);
  }

  @Override
  public Optional<Tensor> map(String name) {
    return partsOf(name).isEmpty() ? weights.map(name) : Optional.empty();
  }

  @Override
  public Optional<String> quantization() {
    return weights.quantization();
  }

  @Override
  public boolean isQuantized(String name) {
    List<List<String>> parts = partsOf(name);
    return weights.isQuantized(parts.isEmpty() ? name : parts.get(0).get(0));
  }

  @Override
  public Optional<WeightStore> store(String name, boolean transposed) {
    return partsOf(name).isEmpty() ? weights.store(name, transposed) : Optional.empty();
  }

  @Override
  public void close() {
    weights.close();
  }
}
