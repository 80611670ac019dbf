package dev.lora4j.torchscript;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Block;
import org.bytedeco.pytorch.BlockArrayRef;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.global.torch;

/**
 * Finds operators whose training flag is a constant of the program: {@code torch.jit.trace} of a
 * network in training mode records it, and {@code eval()} no longer turns dropout off.
 */
final class TrainingModeCalls {
  private static final String END = "prim::Return";

  /** An operator's flag, and the probability at which the flag matters. */
  private record Flag(int training, int probability) {}

  private static final Flag DROPOUT = new Flag(2, 1);
  private static final Flag RECURRENT = new Flag(6, 5);
  private static final Map<String, Flag> FLAGS =
      Map.of(
          "aten::dropout", DROPOUT,
          "aten::feature_dropout", DROPOUT,
          "aten::alpha_dropout", DROPOUT,
          "aten::feature_alpha_dropout", DROPOUT,
          "aten::lstm", RECURRENT,
          "aten::gru", RECURRENT,
          "aten::rnn_tanh", RECURRENT,
          "aten::rnn_relu", RECURRENT);

  private static final String BATCH_NORM = "aten::batch_norm";
  private static final int RUNNING_MEAN = 3;
  private static final int BATCH_NORM_TRAINING = 5;

  private final List<String> found = new ArrayList<>();

  private TrainingModeCalls() {}

  /** Returns the operators, each with the path of its module. */
  static List<String> in(JitModule script) {
    TrainingModeCalls calls = new TrainingModeCalls();
    calls.visit(script, "");
    return calls.found;
  }

  private void visit(JitModule part, String path) {
    if (part.find_method("forward").has_value()) {
      visit(part.get_method("forward").graph().block(), path);
    }
    ScriptPart.children(part)
        .forEach((name, child) -> visit(child, path.isEmpty() ? name : path + "." + name));
  }

  private void visit(Block block, String path) {
    JitNode node = block.nodes().front();
    for (; !kind(node).equals(END); node = node.next()) {
      if (isInTraining(node)) {
        String operator = kind(node).replaceFirst("aten::(.*?)_?$", "$1");
        found.add(path.isEmpty() ? operator : operator + " in '" + path + "'");
      }
      BlockArrayRef blocks = node.blocks();
      for (long i = 0; i < blocks.size(); i++) {
        visit(blocks.get(i), path);
      }
    }
  }

  private static String kind(JitNode node) {
    return node.kind().toQualString().getString();
  }

  private static boolean isInTraining(JitNode node) {
    String kind = kind(node);
    if (kind.equals(BATCH_NORM)) {
      return isTrue(node, BATCH_NORM_TRAINING) && !isNone(node, RUNNING_MEAN);
    }
    Flag flag = FLAGS.get(kind.endsWith("_") ? kind.substring(0, kind.length() - 1) : kind);
    return flag != null && isTrue(node, flag.training()) && !isZero(node, flag.probability());
  }

  private static boolean isTrue(JitNode node, int argument) {
    IValueOptional constant = torch.toIValue(node.input(argument));
    return constant.has_value() && constant.get().isBool() && constant.get().toBool();
  }

  private static boolean isNone(JitNode node, int argument) {
    IValueOptional constant = torch.toIValue(node.input(argument));
    return constant.has_value() && constant.get().isNone();
  }

  private static boolean isZero(JitNode node, int argument) {
    IValueOptional constant = torch.toIValue(node.input(argument));
    if (!constant.has_value()) {
      return false;
    }
    IValue value = constant.get();
    return (value.isDouble() && value.toDouble() == 0) || (value.isInt() && value.toInt() == 0);
  }
}
