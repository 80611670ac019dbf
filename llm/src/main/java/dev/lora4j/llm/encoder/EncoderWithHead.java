package dev.lora4j.llm.encoder;

import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.MixedBatch;
import dev.lora4j.nn.Module;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * An encoder with a classification head, whose modules have the names of Hugging Face's {@code
 * …ForSequenceClassification} or {@code …ForTokenClassification}: the encoder under the family's
 * prefix, the head's modules beside it.
 */
public abstract class EncoderWithHead extends Module {
  private static final String CLASSIFIER = "classifier";

  private final Encoder encoder;
  private final int labels;

  /**
   * @param prefix the encoder's name, such as {@code bert}
   * @param labels number of logits
   */
  protected EncoderWithHead(String prefix, Encoder encoder, int labels) {
    this.encoder = encoder;
    this.labels = labels;
    child(prefix, encoder);
  }

  public final Encoder encoder() {
    return encoder;
  }

  public final int labels() {
    return labels;
  }

  /** The type of the head. */
  public abstract HeadType type();

  /**
   * The paths of the modules after the encoder's layers, the last one first: candidates for PEFT's
   * {@code modules_to_save}. {@link EncoderCheckpoint#newModules} lists those that a checkpoint
   * lacks.
   */
  public abstract List<String> headModules();

  /**
   * Returns whether a mixed batch can compute the {@link #features} of texts with these adapters.
   */
  public final boolean mixes(LoraModel adapters, Collection<String> names) {
    return MixedBatch.suits(
        adapters, encoder, headModules().stream().map(this::find).toList(), names);
  }

  /**
   * Computes the logits of a batch.
   *
   * @return {@code [B, labels]} of texts, or {@code [B, T, labels]} of tokens, zeros for padding
   */
  public final Tensor logits(EncoderInput input) {
    UnpaddedTokens tokens = UnpaddedTokens.of(input);
    Tensor logits = logits(tokens);
    return type() == HeadType.TOKEN_CLASSIFICATION ? tokens.padded(logits) : logits;
  }

  /**
   * Computes the logits of a batch without padding.
   *
   * @return {@code [B, labels]} of texts, or {@code [N, labels]} of tokens
   */
  public final Tensor logits(UnpaddedTokens tokens) {
    return head(features(tokens));
  }

  /**
   * Computes the hidden states that the head takes: of each token, or one for each text.
   *
   * @return {@code [N, H]} of tokens or {@code [B, H]} of texts
   */
  public Tensor features(UnpaddedTokens tokens) {
    return type() == HeadType.TOKEN_CLASSIFICATION
        ? encoder.hidden(tokens)
        : encoder.firstHidden(tokens);
  }

  /**
   * Computes the logits from the {@link #features}.
   *
   * @param features {@code [rows, H]}
   * @return {@code [rows, labels]}
   */
  public abstract Tensor head(Tensor features);

  /**
   * @param ids {@code [B, T]}, int64, without padding
   * @return logits
   */
  @Override
  public final Tensor forward(Tensor ids) {
    return logits(EncoderInput.of(ids));
  }

  /** Frees the parameters and what else the encoder holds. */
  @Override
  public final void close() {
    super.close();
    encoder.closeTables();
  }

  @Override
  public final Optional<String> headPath() {
    return Optional.of(CLASSIFIER);
  }

  @Override
  public final Optional<String> modelType() {
    return encoder.modelType();
  }

  @Override
  public final List<String> defaultTargets() {
    return encoder.defaultTargets();
  }
}
