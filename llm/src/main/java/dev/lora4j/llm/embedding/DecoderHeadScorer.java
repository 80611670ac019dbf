package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.encoder.SequenceTokenizer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A causal language model with a head of one output, {@code score}, on the last token of query and
 * document, as transformers' {@code LlamaForSequenceClassification} with one label. Adapters bring
 * the head.
 */
final class DecoderHeadScorer implements Scorer {
  private static final String HEAD = "score";

  private final Pretrained base;
  private final Tokenizer tokenizer;
  private final SequenceTokenizer sequences;
  private final Linear score;

  private DecoderHeadScorer(Pretrained base, Tokenizer tokenizer) {
    this.base = base;
    this.tokenizer = tokenizer;
    sequences = new SequenceTokenizer(tokenizer, model().maxPositions());
    score = Linear.withoutBias(model().config().hiddenSize(), 1);
    model().graft(HEAD, score);
    score.freeze();
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      score.weight().value().zero_();
      score.weight().changed();
    }
  }

  static DecoderHeadScorer load(ModelFiles files, WeightStorage storage) {
    Pretrained base = Pretrained.load(files, storage);
    try {
      return new DecoderHeadScorer(base, Tokenizer.load(files));
    } catch (RuntimeException e) {
      base.close();
      throw e;
    }
  }

  private LanguageModel model() {
    return base.model();
  }

  @Override
  public Module root() {
    return model();
  }

  @Override
  public TokenSequence encode(TextPair pair, Optional<String> instruction) {
    if (instruction.isPresent()) {
      throw new UserError("a head with one output takes no instruction");
    }
    return sequences.encode(pair.query(), pair.document());
  }

  @Override
  public long truncated() {
    return sequences.truncated();
  }

  @Override
  public Tensor scores(List<TokenSequence> batch) {
    return score.forward(PackedTexts.of(batch).lastHidden(model())).select(1, 0).sigmoid();
  }

  @Override
  public void check(List<String> adapters) {
    if (adapters.isEmpty() || adapters.contains(LoraModel.BASE)) {
      throw new UserError(
          "%s has no weights of %s, so it scores nothing without an adapter that brings them"
              .formatted(base.config().file(), HEAD));
    }
  }

  @Override
  public void close() {
    tokenizer.close();
    base.close();
  }
}
