package dev.lora4j.llm.embedding;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.EncoderCheckpoint;
import dev.lora4j.llm.encoder.EncoderTokens;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.encoder.SequenceTokenizer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.MixedBatch;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** An encoder that reads query and document together and has one logit. */
final class CrossEncoder implements Scorer {
  private static final String SIGMOID = "torch.nn.modules.activation.Sigmoid";
  private static final String IDENTITY = "torch.nn.modules.linear.Identity";

  private final EncoderCheckpoint checkpoint;
  private final Tokenizer tokenizer;
  private final SequenceTokenizer sequences;
  private final boolean sigmoid;

  private CrossEncoder(EncoderCheckpoint checkpoint, Tokenizer tokenizer) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    ModelFiles files = checkpoint.files();
    TextSettings settings =
        TextSettings.read(files, files, model().encoder().config().maxPositions());
    sequences = new SequenceTokenizer(tokenizer, settings.maxTokens());
    sigmoid = isSigmoid(checkpoint.config(), files.json("config_sentence_transformers.json"));
  }

  static CrossEncoder load(ModelFiles files) {
    EncoderCheckpoint checkpoint = withOneLabel(files.path());
    Tokenizer tokenizer = null;
    try {
      tokenizer = Tokenizer.load(files);
      int vocabulary = checkpoint.encoder().config().vocabularySize();
      EncoderTokens.require(files, tokenizer, vocabulary);
      return new CrossEncoder(checkpoint, tokenizer);
    } catch (RuntimeException e) {
      if (tokenizer != null) {
        tokenizer.close();
      }
      checkpoint.close();
      throw e;
    }
  }

  private static EncoderCheckpoint withOneLabel(Path directory) {
    EncoderCheckpoint checkpoint =
        EncoderCheckpoint.load(directory, HeadType.SEQUENCE_CLASSIFICATION);
    int labels = checkpoint.withHead().orElseThrow().labels();
    if (labels == 1) {
      return checkpoint;
    }
    checkpoint.close();
    if (!checkpoint.newModules().contains("classifier")) {
      throw new UserError("%s has %d labels; a reranker has one".formatted(directory, labels));
    }
    return EncoderCheckpoint.load(directory, HeadType.SEQUENCE_CLASSIFICATION, 1);
  }

  /** Reads the activation of the score, where the versions of sentence-transformers write it. */
  private static boolean isSigmoid(JsonDocument config, JsonDocument model) {
    String older = config.text("sbert_ce_default_activation_function", SIGMOID);
    String old = config.object("sentence_transformers").text("activation_fn", older);
    String name = model.text("activation_fn", old);
    List<String> known = List.of(SIGMOID, IDENTITY);
    if (!known.contains(name)) {
      throw new UserError(
          "%s: no activation of scores '%s'%s"
              .formatted(model.file(), name, NearMiss.hint(name, known)));
    }
    return name.equals(SIGMOID);
  }

  private EncoderWithHead model() {
    return checkpoint.withHead().orElseThrow();
  }

  @Override
  public Module root() {
    return checkpoint.root();
  }

  @Override
  public TokenSequence encode(TextPair pair, Optional<String> instruction) {
    if (instruction.isPresent()) {
      throw new UserError("an encoder with one logit takes no instruction");
    }
    return sequences.encode(pair.query(), pair.document());
  }

  @Override
  public long truncated() {
    return sequences.truncated();
  }

  @Override
  public boolean mixes(LoraModel model, List<String> adapters) {
    return model().mixes(model, adapters);
  }

  @Override
  public Tensor scores(List<TokenSequence> batch) {
    return scores(model().logits(UnpaddedTokens.of(batch, model().device())));
  }

  private Tensor scores(Tensor logits) {
    Tensor score = logits.select(1, 0);
    return sigmoid ? score.sigmoid() : score;
  }

  /** Runs the encoder for all pairs together, then the head of each adapter for its own. */
  @Override
  public Tensor scores(List<TokenSequence> batch, LoraModel model, List<String> adapters) {
    UnpaddedTokens tokens = UnpaddedTokens.of(batch, adapters, model().device());
    Tensor features;
    try (AdapterScope scope =
        MixedBatch.using(model, tokens.ofTokens(adapters), tokens.ofTexts(adapters))) {
      features = model().features(tokens); // [B, H]
    }
    Map<String, List<Long>> rowsOf = new LinkedHashMap<>();
    for (int row = 0; row < batch.size(); row++) {
      rowsOf.computeIfAbsent(adapters.get(row), name -> new ArrayList<>()).add((long) row);
    }
    List<Tensor> logits = new ArrayList<>();
    List<Tensor> order = new ArrayList<>();
    rowsOf.forEach(
        (name, rows) -> {
          Tensor own = index(rows, features);
          try (AdapterScope active =
              name.equals(LoraModel.BASE) ? model.disabled() : model.using(name)) {
            logits.add(model().head(features.index_select(0, own)));
          }
          order.add(own);
        });
    Tensor all = Ops.join(0, logits.toArray(Tensor[]::new));
    Tensor rows = Ops.join(0, order.toArray(Tensor[]::new));
    return scores(all.index_select(0, rows.argsort()));
  }

  private static Tensor index(List<Long> rows, Tensor like) {
    return Ops.tensor(rows.stream().mapToLong(Long::longValue).toArray())
        .to(like.device(), ScalarType.Long);
  }

  @Override
  public void check(List<String> adapters) {
    if (!checkpoint.newModules().isEmpty()
        && (adapters.isEmpty() || adapters.contains(LoraModel.BASE))) {
      throw new UserError(
          "%s has no weights of %s, so it scores nothing without an adapter that brings them"
              .formatted(checkpoint.files().path(), String.join(", ", checkpoint.newModules())));
    }
  }

  @Override
  public void close() {
    tokenizer.close();
    checkpoint.close();
  }
}
