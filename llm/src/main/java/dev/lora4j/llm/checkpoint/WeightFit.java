package dev.lora4j.llm.checkpoint;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A comparison of the tensors of a checkpoint with the parameters of a model, by name, shape and
 * dtype, which reads no tensor.
 *
 * @param stored the model's name of each tensor → its name in the files
 * @param parameters the model's parameters by name
 */
public record WeightFit(
    WeightFile weights, Map<String, String> stored, Map<String, Parameter> parameters) {
  private static final Set<DType> FLOATS = Set.of(DType.F32, DType.F16, DType.BF16, DType.F64);

  /**
   * Lists the mismatches.
   *
   * @param optional whether a parameter needs no tensor
   * @param ignored whether a tensor needs no parameter
   */
  public List<String> problems(Predicate<String> optional, Predicate<String> ignored) {
    List<String> problems = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          String shape = Arrays.toString(parameter.shape());
          String inFile = stored.get(name);
          if (inFile != null) {
            problem(name, inFile, shape).ifPresent(problems::add);
          } else if (!optional.test(name)) {
            problems.add("missing " + name + " " + shape);
          }
        });
    stored.forEach(
        (name, inFile) -> {
          if (!parameters.containsKey(name) && !ignored.test(name)) {
            List<String> near = NearMiss.nearest(name, parameters.keySet());
            problems.add("unexpected " + inFile + NearMiss.hint(name, near));
          }
        });
    return problems;
  }

  private Optional<String> problem(String name, String inFile, String shape) {
    String found = weights.shape(inFile).toString();
    DType dtype = weights.dtype(inFile);
    if (!found.equals(shape)) {
      return Optional.of(name + ": expected " + shape + ", found " + found);
    }
    return FLOATS.contains(dtype)
        ? Optional.empty()
        : Optional.of(name + ": expected one of " + FLOATS + ", found " + dtype);
  }

  /**
   * Refuses mismatches.
   *
   * @throws UserError naming all of them, if there are any
   */
  public static void requireNone(WeightFile weights, List<String> problems) {
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s: the weights do not fit %s:\n  %s"
              .formatted(
                  weights.path(),
                  weights instanceof GgufModel ? "its metadata" : ModelConfig.FILE,
                  String.join("\n  ", problems)));
    }
  }
}
