package dev.lora4j.llm.embedding;

import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderCheckpoint;
import dev.lora4j.llm.encoder.EncoderTokens;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.MixedBatch;
import dev.lora4j.nn.Module;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** An encoder as the network of an embedder; batches are computed without padding. */
record EncoderBackbone(EncoderCheckpoint checkpoint) implements Backbone {
  private Encoder encoder() {
    return checkpoint.encoder();
  }

  @Override
  public Module root() {
    return checkpoint.root();
  }

  @Override
  public int dimensions() {
    return encoder().config().hiddenSize();
  }

  @Override
  public int maxPositions() {
    return encoder().config().maxPositions();
  }

  @Override
  public void check(ModelFiles files, Tokenizer tokenizer) {
    EncoderTokens.require(files, tokenizer, encoder().config().vocabularySize());
  }

  @Override
  public boolean mixes(LoraModel model, List<String> adapters) {
    return MixedBatch.suits(model, root(), adapters);
  }

  @Override
  public Tensor pooled(List<TokenSequence> batch, TokenPooling pooling) {
    return pooling.ofTexts(encoder(), UnpaddedTokens.of(batch, encoder().device()));
  }

  @Override
  public Tensor pooled(
      List<TokenSequence> batch, TokenPooling pooling, LoraModel model, List<String> adapters) {
    UnpaddedTokens tokens = UnpaddedTokens.of(batch, adapters, encoder().device());
    try (AdapterScope scope =
        MixedBatch.using(model, tokens.ofTokens(adapters), tokens.ofTexts(adapters))) {
      return pooling.ofTexts(encoder(), tokens);
    }
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
