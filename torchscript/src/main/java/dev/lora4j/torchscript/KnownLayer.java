package dev.lora4j.torchscript;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.conv.ConvOptions;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.TupleElements;

/**
 * The adaptable layers of a script, recognised by the Python class of a submodule. A subclass is a
 * different class and may compute something else, so it is not recognised.
 */
final class KnownLayer {
  private KnownLayer() {}

  /** Describes a submodule that is not an adaptable layer, in a few words. */
  static String kindOfOther(JitModule part, Map<String, Parameter> parameters) {
    String name = ScriptPart.pythonClass(part);
    String kind = name.substring(name.lastIndexOf('.') + 1);
    Parameter weight = parameters.get("weight");
    if (!name.startsWith("torch.nn.modules.conv.Conv") || weight == null || isTransposed(kind)) {
      return kind;
    }
    return convOptions(part, weight)
        .map(options -> kind + " with groups, whose update is no weight,")
        .orElse(kind + " that is never called or pads with something else than zeros,");
  }

  private static boolean isTransposed(String kind) {
    return kind.startsWith("ConvTranspose");
  }

  /**
   * Returns the layer of a submodule, built on its parameters. Empty for any other submodule, and
   * for a layer whose settings cannot be expressed by a change of its weight.
   */
  static Optional<Module> of(JitModule part, Map<String, Parameter> parameters) {
    Parameter weight = parameters.get("weight");
    if (weight == null) {
      return Optional.empty();
    }
    Optional<Parameter> bias = Optional.ofNullable(parameters.get("bias"));
    return switch (ScriptPart.pythonClass(part)) {
      case "torch.nn.modules.linear.Linear" -> Optional.of(Linear.sharing(weight, bias));
      case "transformers.pytorch_utils.Conv1D" ->
          bias.map(b -> TransposedLinear.sharing(weight, b));
      case "torch.nn.modules.conv.Conv1d",
          "torch.nn.modules.conv.Conv2d",
          "torch.nn.modules.conv.Conv3d" ->
          convOptions(part, weight)
              .filter(options -> options.groups() == 1)
              .map(options -> Conv.sharing(weight, bias, options));
      case "torch.nn.modules.sparse.Embedding" ->
          padding(part).map(index -> Embedding.sharing(weight, index));
      default -> Optional.empty();
    };
  }

  // ---- convolutions ----

  private static Optional<ConvOptions> convOptions(JitModule part, Parameter weight) {
    long[] shape = weight.shape();
    ConvOptions kernel = ConvOptions.kernel(Arrays.copyOfRange(shape, 2, shape.length));
    return ScriptPart.constant(part, "groups").isPresent()
        ? scripted(part, kernel)
        : OperatorCall.in(part, "aten::_convolution").map(call -> traced(call, kernel));
  }

  /** Returns empty if the padding is given by name, or is not with zeros. */
  private static Optional<ConvOptions> scripted(JitModule part, ConvOptions kernel) {
    IValue padding = constant(part, "padding");
    if (!padding.isTuple()
        || !constant(part, "padding_mode").toStringRef().getString().equals("zeros")) {
      return Optional.empty();
    }
    return Optional.of(
        kernel
            .withStride(numbers(constant(part, "stride")))
            .withPadding(numbers(padding))
            .withDilation(numbers(constant(part, "dilation")))
            .withGroups(constant(part, "groups").toInt()));
  }

  /** Input, weight, bias, stride, padding, dilation, transposed, output padding, groups. */
  private static ConvOptions traced(OperatorCall call, ConvOptions kernel) {
    return kernel
        .withStride(call.numbers(3))
        .withPadding(call.numbers(4))
        .withDilation(call.numbers(5))
        .withGroups(call.number(8));
  }

  private static IValue constant(JitModule part, String name) {
    return ScriptPart.constant(part, name).orElseGet(IValue::new);
  }

  private static long[] numbers(IValue tuple) {
    TupleElements elements = tuple.toTupleRef().elements();
    long[] numbers = new long[Math.toIntExact(elements.size())];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = elements.at(i).toInt();
    }
    return numbers;
  }

  // ---- embeddings ----

  /** Returns the padding index, if there is one; empty altogether if vectors are renormalised. */
  private static Optional<OptionalLong> padding(JitModule part) {
    if (ScriptPart.constant(part, "padding_idx").isEmpty()) {
      return OperatorCall.in(part, "aten::embedding").map(call -> index(call.number(2)));
    }
    IValue padding = constant(part, "padding_idx");
    return constant(part, "max_norm").isNone()
        ? Optional.of(padding.isInt() ? index(padding.toInt()) : OptionalLong.empty())
        : Optional.empty();
  }

  private static OptionalLong index(long index) {
    return index < 0 ? OptionalLong.empty() : OptionalLong.of(index);
  }
}
