package dev.lora4j.torchscript;

import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.Value;
import org.bytedeco.pytorch.global.torch;

/**
 * The single operator call in a traced layer's forward. The arguments of that call are the only
 * record of a traced layer's settings.
 */
final class OperatorCall {
  private static final String END = "prim::Return";
  private static final String LIST = "prim::ListConstruct";

  private final JitNode node;

  private OperatorCall(JitNode node) {
    this.node = node;
  }

  /**
   * Returns the call of this operator, such as {@code aten::embedding}, if the graph contains no
   * other operator.
   */
  static Optional<OperatorCall> in(JitModule part, String operator) {
    if (!part.find_method("forward").has_value()) {
      return Optional.empty();
    }
    JitNode found = null;
    JitNode node = part.get_method("forward").graph().nodes().front();
    for (; !kind(node).equals(END); node = node.next()) {
      if (kind(node).equals(operator)) {
        found = node;
      } else if (kind(node).startsWith("aten::")) {
        return Optional.empty();
      }
    }
    return Optional.ofNullable(found).map(OperatorCall::new);
  }

  private static String kind(JitNode node) {
    return node.kind().toQualString().getString();
  }

  /** Returns an integer argument. */
  long number(int argument) {
    return number(node.input(argument));
  }

  /** Returns an argument that is a list of integers. */
  long[] numbers(int argument) {
    JitNode list = node.input(argument).node();
    if (!kind(list).equals(LIST)) {
      return torch.toIValue(node.input(argument)).get().toIntVector().get();
    }
    return LongStream.range(0, list.inputs().size()).map(i -> number(list.input(i))).toArray();
  }

  private static long number(Value value) {
    IValueOptional constant = torch.toIValue(value);
    return constant.has_value() && constant.get().isInt() ? constant.get().toInt() : 0;
  }
}
