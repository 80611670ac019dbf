package dev.lora4j.llm.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.WeightStore;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A checkpoint in llama.cpp's layout, with three tensors for all experts of a layer, in that of
 * transformers 5: {@code experts.gate_proj.weight} and {@code experts.up_proj.weight}, each {@code
 * [experts, intermediate, hidden]}, as {@code experts.gate_up_proj}, and {@code
 * experts.down_proj.weight} as {@code experts.down_proj}.
 */
final class JoinedExperts implements WeightFile {
  private static final Pattern STACK =
      Pattern.compile("(.+\\.experts)\\.(gate|up|down)_proj\\.weight");

  private final WeightFile weights;
  private final Map<String, List<String>> parts = new LinkedHashMap<>(); // by name

  private JoinedExperts(WeightFile weights) {
    this.weights = weights;
    for (String name : weights.names()) {
      Matcher stack = STACK.matcher(name);
      if (!stack.matches()) {
        parts.put(name, List.of(name));
      } else if (stack.group(2).equals("down")) {
        parts.put(stack.group(1) + ".down_proj", List.of(name));
      } else {
        String gate = stack.group(1) + ".gate_proj.weight";
        String up = stack.group(1) + ".up_proj.weight";
        if (!weights.names().containsAll(Set.of(gate, up))) {
          throw new CorruptFile(weights.path(), "expected both " + gate + " and " + up);
        }
        parts.put(stack.group(1) + ".gate_up_proj", List.of(gate, up));
      }
    }
  }

  /** Returns the weights with joined experts; unchanged if no tensor is of all experts. */
  static WeightFile over(WeightFile weights) {
    boolean separate = weights.names().stream().anyMatch(name -> STACK.matcher(name).matches());
    return separate ? new JoinedExperts(weights) : weights;
  }

  private List<String> partsOf(String name) {
    return Objects.requireNonNullElse(parts.get(name), List.of(name));
  }

  private String first(String name) {
    return partsOf(name).get(0);
  }

  @Override
  public Path path() {
    return weights.path();
  }

  @Override
  public Set<String> names() {
    return parts.keySet();
  }

  @Override
  public DType dtype(String name) {
    return weights.dtype(first(name));
  }

  @Override
  public List<Long> shape(String name) {
    List<Long> shape = weights.shape(first(name));
    if (partsOf(name).size() == 1) {
      return shape;
    }
    List<Long> second = weights.shape(partsOf(name).get(1));
    if (shape.size() != 3 || !shape.equals(second)) {
      throw new CorruptFile(
          path(),
          "%s: expected the shapes of two stacks, found %s and %s".formatted(name, shape, second));
    }
    return List.of(shape.get(0), 2 * shape.get(1), shape.get(2));
  }

  @Override
  public Tensor read(String name) {
    List<String> inFile = partsOf(name);
    return inFile.size() == 1
        ? weights.read(inFile.get(0))
        : torch.cat(new TensorVector(inFile.stream().map(weights::read).toArray(Tensor[]::new)), 1);
  }

  @Override
  public Optional<Tensor> map(String name) {
    List<String> inFile = partsOf(name);
    return inFile.size() == 1 ? weights.map(inFile.get(0)) : Optional.empty();
  }

  @Override
  public Optional<String> quantization() {
    return weights.quantization();
  }

  @Override
  public boolean isQuantized(String name) {
    return weights.isQuantized(first(name));
  }

  @Override
  public Optional<WeightStore> store(String name, boolean transposed) {
    return partsOf(name).equals(List.of(name)) ? weights.store(name, transposed) : Optional.empty();
  }

  @Override
  public void close() {
    weights.close();
  }
}
