package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.PrefixTree;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The final hidden states of a decoder at some tokens; texts share the work on common prefixes. */
final class DecoderRows {
  private DecoderRows() {}

  /**
   * Computes the final hidden state of each text's last token.
   *
   * @return {@code [texts, hidden]}
   */
  static Tensor last(LanguageModel model, List<TokenSequence> texts) {
    PrefixTree tree = PrefixTree.of(texts.stream().map(TokenSequence::ids).toList());
    long[] last = new long[texts.size()];
    for (int i = 0; i < last.length; i++) {
      last[i] = tree.place(i, texts.get(i).length() - 1);
    }
    Device device = model.device();
    TokenBatch tokens =
        TokenBatch.packed(row(tree.tokens(), device), row(tree.positions(), device), tree);
    LayerwiseForward forward = model.layerwise(tokens);
    Tensor x = forward.through(forward.layers() - 1);
    return forward.finalHiddenAt(Ops.tensor(last).to(device, ScalarType.Long), x);
  }

  private static Tensor row(int[] values, Device device) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray())
        .view(1, -1)
        .to(device, ScalarType.Long);
  }
}
