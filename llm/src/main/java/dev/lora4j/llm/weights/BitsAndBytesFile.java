package dev.lora4j.llm.weights;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorForm;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.Absmax;
import dev.lora4j.nn.quant.FourBitType;
import dev.lora4j.nn.quant.FourBitWeights;
import dev.lora4j.nn.quant.Int8Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * A checkpoint of bitsandbytes, as transformers saves it: quantised linear layers, each with the
 * tensors of its state beside the weight, and other tensors as they are. Which layers are quantised
 * follows from the tensors, so that any list of skipped modules fits.
 *
 * <p>Weights of GPT-2's layers are stored transposed, {@code [out, in]}; the dequantised values
 * have the layer's own layout.
 */
public final class BitsAndBytesFile implements WeightFile {
  private static final int SHOWN = 8;
  private static final String SCALES = ".SCB";
  private static final String FORMAT = ".weight_format";
  private static final String WEIGHT = ".weight";

  private final WeightFile file;
  private final Predicate<String> transposed;
  private final Map<String, FourBitState> fourBit = new LinkedHashMap<>();
  private final Set<String> eightBit = new LinkedHashSet<>();
  private final Set<String> names;

  /**
   * Reads and checks the states; weights are read later.
   *
   * @param file the checkpoint's tensors, which this object closes
   * @param transposed whether the network has the weight of this name as {@code [in, out]}
   * @throws CorruptFile naming the tensors that are missing or do not fit
   */
  public BitsAndBytesFile(
      WeightFile file, BitsAndBytesConfig config, Predicate<String> transposed) {
    this.file = file;
    this.transposed = transposed;
    file.names().forEach(this::addState);
    Set<String> parts = parts();
    Set<String> whole = new LinkedHashSet<>(file.names());
    whole.removeAll(parts);
    names = Collections.unmodifiableSet(whole);
    refuse(problems(config));
  }

  private void addState(String name) {
    if (name.contains(FourBitState.STATE)) {
      FourBitState state = FourBitState.read(file, name);
      fourBit.put(state.weight(), state);
    } else if (name.endsWith(SCALES)) {
      eightBit.add(name.substring(0, name.length() - SCALES.length()) + WEIGHT);
    }
  }

  /** Returns the names of the tensors that belong to a quantised weight, without the weights. */
  private Set<String> parts() {
    Set<String> parts = new HashSet<>();
    fourBit.forEach((weight, state) -> parts.addAll(state.keys()));
    eightBit.forEach(weight -> parts.addAll(List.of(scales(weight), format(weight))));
    parts.removeAll(fourBit.keySet());
    return parts;
  }

  private static String scales(String weight) {
    return module(weight) + SCALES;
  }

  private static String format(String weight) {
    return module(weight) + FORMAT;
  }

  private static String module(String weight) {
    return weight.substring(0, weight.length() - WEIGHT.length());
  }

  // ---- checks ----

  private List<String> problems(BitsAndBytesConfig config) {
    List<String> problems = new ArrayList<>();
    fourBit.values().forEach(state -> problems.addAll(state.problems(file)));
    eightBit.forEach(weight -> check(weight, problems));
    for (String name : names) {
      Stream.of(
              FourBitState.ABSMAX,
              FourBitState.MAP,
              FourBitState.NESTED_ABSMAX,
              FourBitState.NESTED_MAP)
          .filter(name::endsWith)
          .forEach(suffix -> problems.add(orphan(name, suffix)));
      if (!fourBit.containsKey(name) && !eightBit.contains(name) && isPacked(name)) {
        DType dtype = file.form(name).dtype();
        String state = dtype == DType.I8 ? scales(name) : name + FourBitState.STATE + "nf4";
        problems.add("%s is packed in %s, but %s is missing".formatted(name, dtype, state));
      }
    }
    mixture(config).ifPresent(problems::add);
    return problems;
  }

  private boolean isPacked(String name) {
    return name.endsWith(WEIGHT) && !file.dtype(name).isFloating();
  }

  private String orphan(String name, String suffix) {
    String weight = name.substring(0, name.length() - suffix.length());
    FourBitState state = fourBit.get(weight);
    return state == null
        ? "%s belongs to a 4-bit weight, but %s%s is missing"
            .formatted(name, weight, FourBitState.STATE + "nf4")
        : "%s is there, but the state of %s has no nested_blocksize and nested_offset"
            .formatted(name, weight);
  }

  private void check(String weight, List<String> problems) {
    if (fourBit.containsKey(weight)) {
      problems.add(
          "%s: a mixture of stores: %s is of int8, %s%s of 4 bits"
              .formatted(weight, scales(weight), weight, FourBitState.STATE + "…"));
    } else if (!file.names().contains(weight)) {
      problems.add("missing " + weight + ", whose scales are " + scales(weight));
    } else {
      checkRows(weight, file.form(weight), file.form(scales(weight)), problems);
    }
  }

  private static void checkRows(
      String weight, TensorForm found, TensorForm scales, List<String> problems) {
    if (found.dtype() != DType.I8 || found.shape().size() != 2) {
      problems.add("%s: expected I8[outputs, inputs], found %s".formatted(weight, text(found)));
    } else if (scales.dtype() != DType.F32 || scales.elements() != found.shape().get(0)) {
      problems.add(
          "%s: expected F32[%d], one for each row of %s, found %s"
              .formatted(scales(weight), found.shape().get(0), weight, text(scales)));
    }
  }

  private static String text(TensorForm form) {
    return form.dtype() + form.shape().toString();
  }

  /** Returns a problem if weights are quantised in several ways, or otherwise than configured. */
  private Optional<String> mixture(BitsAndBytesConfig config) {
    Map<QuantType, String> examples = new LinkedHashMap<>();
    fourBit.values().forEach(state -> examples.putIfAbsent(state.type(), state.weight()));
    eightBit.stream().findFirst().ifPresent(weight -> examples.put(QuantType.INT8, weight));
    if (examples.isEmpty()) {
      return Optional.of(
          "%s says %s, but no tensor is quantised"
              .formatted(BitsAndBytesConfig.KEY, config.type().word()));
    }
    if (examples.size() == 1 && examples.containsKey(config.type())) {
      return Optional.empty();
    }
    return Optional.of(
        "a mixture of stores: %s says %s, and %s"
            .formatted(
                BitsAndBytesConfig.KEY,
                config.type().word(),
                examples.entrySet().stream()
                    .map(e -> e.getValue() + " is " + e.getKey().word())
                    .collect(Collectors.joining(", "))));
  }

  private void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      int more = problems.size() - SHOWN;
      throw new CorruptFile(
          file.path(),
          "not a whole bitsandbytes checkpoint; download it again:\n  "
              + String.join("\n  ", problems.subList(0, Math.min(SHOWN, problems.size())))
              + (more > 0 ? "\n  and " + more + " more" : ""));
    }
  }

  // ---- layout ----

  /** Returns the storage of a quantised weight; empty for other tensors. */
  public Optional<BitsAndBytesLayout> layout(String name) {
    FourBitState state = fourBit.get(name);
    if (state != null) {
      return Optional.of(BitsAndBytesLayout.of(state));
    }
    return eightBit.contains(name) ? Optional.of(BitsAndBytesLayout.INT8) : Optional.empty();
  }

  /** Returns the size of a tensor in the files; of a quantised one, with its state. */
  public long storedBytes(String name) {
    FourBitState state = fourBit.get(name);
    Stream<String> parts = Stream.of(name);
    if (state != null) {
      parts = state.keys().stream();
    } else if (eightBit.contains(name)) {
      parts = Stream.of(name, scales(name), format(name)).filter(file.names()::contains);
    }
    return parts.mapToLong(part -> file.form(part).bytes()).sum();
  }

  // ---- weights ----

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return names;
  }

  @Override
  public Optional<String> quantization() {
    return Stream.concat(
            fourBit.values().stream().map(state -> state.type().word()),
            eightBit.stream().map(weight -> QuantType.INT8.word()))
        .findFirst();
  }

  @Override
  public boolean isQuantized(String name) {
    return fourBit.containsKey(name) || eightBit.contains(name);
  }

  @Override
  public DType dtype(String name) {
    return isQuantized(name) ? DType.F32 : file.dtype(name);
  }

  @Override
  public List<Long> shape(String name) {
    FourBitState state = fourBit.get(name);
    List<Long> shape = state == null ? file.shape(name) : state.shape();
    return isQuantized(name) && transposed.test(name) ? List.of(shape.get(1), shape.get(0)) : shape;
  }

  @Override
  public Tensor read(String name) {
    if (!isQuantized(name)) {
      return file.read(name);
    }
    WeightStore store = quantized(name);
    return Ops.inScope(
        () -> {
          Tensor dense = store.dense();
          return transposed.test(name) ? dense.t().contiguous() : dense;
        });
  }

  @Override
  public Optional<Tensor> map(String name) {
    return isQuantized(name) ? Optional.empty() : file.map(name);
  }

  @Override
  public Optional<WeightStore> store(String name, boolean isTransposed) {
    return isQuantized(name) ? Optional.of(quantized(name)) : file.store(name, isTransposed);
  }

  private WeightStore quantized(String name) {
    FourBitState state = fourBit.get(name);
    return state == null
        ? new Int8Weights(frozen(name), frozen(scales(name)))
        : fourBit(name, state);
  }

  private WeightStore fourBit(String name, FourBitState state) {
    return new FourBitWeights(
        state.type() == QuantType.NF4 ? FourBitType.NF4 : FourBitType.FP4,
        state.blockSize(),
        state.shape().get(0),
        state.shape().get(1),
        frozen(name),
        frozen(name + FourBitState.MAP),
        state
            .nested()
            .<Absmax>map(nested -> nested(name, nested))
            .orElseGet(() -> new Absmax.Plain(frozen(name + FourBitState.ABSMAX))));
  }

  private Absmax nested(String name, FourBitState.Nested nested) {
    return new Absmax.Nested(
        frozen(name + FourBitState.ABSMAX),
        frozen(name + FourBitState.NESTED_ABSMAX),
        frozen(name + FourBitState.NESTED_MAP),
        Parameter.frozen(Ops.tensor(new float[] {nested.offset()}, 1)),
        nested.blockSize());
  }

  private Parameter frozen(String name) {
    return Parameter.frozen(file.mapOrRead(name));
  }

  @Override
  public void close() {
    file.close();
  }
}
