package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.encoder.SequenceTokenizer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.nn.Module;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * A causal language model that answers "yes" or "no" to a fixed prompt with query and document, as
 * Qwen3-Reranker does (Zhang et al. 2025, arXiv:2506.05176, §2): the score is the probability of
 * "yes" between the two.
 */
final class YesNoScorer implements Scorer {
  private static final String INSTRUCTION =
      "Given a web search query, retrieve relevant passages that answer the query";
  private static final String BEFORE =
      "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query"
          + " and the Instruct provided. Note that the answer can only be \"yes\" or"
          + " \"no\".<|im_end|>\n<|im_start|>user\n";
  private static final String AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
  private static final int MAX_TOKENS = 8192;

  private final Pretrained base;
  private final Tokenizer tokenizer;
  private final SequenceTokenizer bodies;
  private final int[] before;
  private final int[] after;
  private final int yes;
  private final int no;

  private YesNoScorer(Pretrained base, Tokenizer tokenizer) {
    this.base = base;
    this.tokenizer = tokenizer;
    before = tokenizer.encodePlain(BEFORE);
    after = tokenizer.encodePlain(AFTER);
    yes = token("yes");
    no = token("no");
    for (String marker : List.of("<|im_start|>", "<|im_end|>")) {
      token(marker);
    }
    int room = Math.min(MAX_TOKENS, model().maxPositions()) - before.length - after.length;
    bodies = new SequenceTokenizer(tokenizer, room);
  }

  static YesNoScorer load(ModelFiles files, WeightStorage storage) {
    Pretrained base = Pretrained.load(files, storage);
    try {
      return new YesNoScorer(base, Tokenizer.load(files));
    } catch (RuntimeException e) {
      base.close();
      throw e;
    }
  }

  private int token(String text) {
    int[] ids = tokenizer.encodePlain(text);
    if (ids.length != 1) {
      throw new UserError(
          "%s: '%s' is %d tokens; a language model that reranks as Qwen3-Reranker does has it as one"
              .formatted(base.config().file(), text, ids.length));
    }
    return ids[0];
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
    TokenSequence body =
        bodies.encode(
            "<Instruct>: %s\n<Query>: %s\n<Document>: %s"
                .formatted(instruction.orElse(INSTRUCTION), pair.query(), pair.document()));
    return TokenSequence.of(
        Stream.of(before, body.ids(), after)
            .map(Arrays::stream)
            .flatMapToInt((IntStream part) -> part)
            .toArray());
  }

  @Override
  public long truncated() {
    return bodies.truncated();
  }

  @Override
  public Tensor scores(List<TokenSequence> batch) {
    Tensor logits = model().logits(PackedTexts.of(batch).lastHidden(model())); // [B, V]
    return logits.select(1, yes).sub(logits.select(1, no)).sigmoid();
  }

  @Override
  public void close() {
    tokenizer.close();
    base.close();
  }
}
