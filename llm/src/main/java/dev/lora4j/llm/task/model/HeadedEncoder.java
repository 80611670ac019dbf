package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.EncoderConfig;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.MixedBatch;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** An encoder below a classification head for texts or for tokens. */
final class HeadedEncoder implements TaskNetwork {
  private final EncoderWithHead model;
  private final List<String> headModules;

  /**
   * @param headModules the head's modules, and others that the checkpoint lacks
   */
  HeadedEncoder(EncoderWithHead model, List<String> headModules) {
    this.model = model;
    this.headModules = List.copyOf(headModules);
  }

  @Override
  public Module module() {
    return model;
  }

  private UnpaddedTokens tokens(List<TokenSequence> texts) {
    return UnpaddedTokens.of(texts, model.device());
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    UnpaddedTokens tokens = tokens(texts);
    return textAfterText(texts, tokens, model.logits(tokens));
  }

  /** Reorders rows of tokens, which the encoder groups by the length of their texts. */
  private Tensor textAfterText(List<TokenSequence> texts, UnpaddedTokens tokens, Tensor rows) {
    if (!isPerToken() || texts.size() == 1) {
      return rows;
    }
    List<Integer> textOfRow = tokens.ofTokens(IntStream.range(0, texts.size()).boxed().toList());
    long[] next = new long[texts.size()]; // where the next token of each text goes
    for (int i = 1; i < next.length; i++) {
      next[i] = next[i - 1] + texts.get(i - 1).length();
    }
    long[] rowOf = new long[textOfRow.size()];
    for (int row = 0; row < rowOf.length; row++) {
      rowOf[(int) next[textOfRow.get(row)]++] = row;
    }
    return rows.index_select(0, Ops.tensor(rowOf).to(rows.device(), ScalarType.Long));
  }

  // ---- mixed batches ----

  @Override
  public boolean mixes(LoraModel adapters, List<String> names) {
    return model.mixes(adapters, names);
  }

  @Override
  public Tensor features(
      List<TokenSequence> texts, LoraModel adapters, List<String> adapterOfText) {
    UnpaddedTokens tokens = UnpaddedTokens.of(texts, adapterOfText, model.device());
    try (AdapterScope scope =
        MixedBatch.using(adapters, tokens.ofTokens(adapterOfText), tokens.ofTexts(adapterOfText))) {
      return textAfterText(texts, tokens, model.features(tokens));
    }
  }

  @Override
  public Tensor head(Tensor features) {
    return model.head(features);
  }

  @Override
  public Optional<Tensor> means(List<TokenSequence> texts) {
    UnpaddedTokens tokens = tokens(texts);
    return Optional.of(tokens.pooled(model.encoder().hidden(tokens), all -> all.mean(1)));
  }

  // ---- sizes ----

  @Override
  public boolean isPerToken() {
    return model.type() == HeadType.TOKEN_CLASSIFICATION;
  }

  @Override
  public List<String> headModules() {
    return headModules;
  }

  @Override
  public void resizeHead(int outputs) {
    if (outputs != outputs()) {
      Heads.resize(lastLayer(), outputs);
    }
  }

  private Linear lastLayer() {
    return Heads.last(model.find(model.headPath().orElseThrow()));
  }

  @Override
  public int outputs() {
    return Math.toIntExact(lastLayer().weight().shape()[0]);
  }

  private EncoderConfig config() {
    return model.encoder().config();
  }

  @Override
  public int maxTokens() {
    return config().maxPositions();
  }

  @Override
  public int vocabularySize() {
    return config().vocabularySize();
  }

  @Override
  public void close() {
    model.close();
  }
}
