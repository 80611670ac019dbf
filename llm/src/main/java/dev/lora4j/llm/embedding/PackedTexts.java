package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.PrefixTree;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Texts in one row of a causal language model, with shared prefixes computed once. */
record PackedTexts(List<TokenSequence> texts, PrefixTree tree) {

  static PackedTexts of(List<TokenSequence> texts) {
    if (texts.stream().anyMatch(text -> text.length() == 0)) {
      throw new UserError("a text without tokens has no embedding or score");
    }
    return new PackedTexts(texts, PrefixTree.of(texts.stream().map(TokenSequence::ids).toList()));
  }

  private TokenBatch batch(LanguageModel model) {
    return TokenBatch.packed(row(model, tree.tokens()), row(model, tree.positions()), tree);
  }

  /** Computes the hidden states of all tokens, {@code [tokens, H]}. */
  Tensor hidden(LanguageModel model) {
    return model.hidden(batch(model)).select(0, 0);
  }

  /** Computes the hidden state of each text's last token, {@code [texts, H]}. */
  Tensor lastHidden(LanguageModel model) {
    LayerwiseForward forward = model.layerwise(batch(model));
    Tensor x = forward.through(forward.layers() - 1);
    return forward.finalHiddenAt(lastPlaces(x), x);
  }

  private static Tensor row(LanguageModel model, int... values) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray())
        .view(1, values.length)
        .to(model.device(), ScalarType.Long);
  }

  /** Returns the places of a text's tokens in the row, {@code [length]}. */
  Tensor places(int text, Tensor like) {
    return index(
        IntStream.range(0, texts.get(text).length()).mapToLong(i -> tree.place(text, i)).toArray(),
        like);
  }

  /** Returns the place of each text's last token in the row, {@code [texts]}. */
  private Tensor lastPlaces(Tensor like) {
    return index(
        IntStream.range(0, texts.size())
            .mapToLong(i -> tree.place(i, texts.get(i).length() - 1))
            .toArray(),
        like);
  }

  private static Tensor index(long[] values, Tensor like) {
    return Ops.tensor(values).to(like.device(), ScalarType.Long);
  }
}
