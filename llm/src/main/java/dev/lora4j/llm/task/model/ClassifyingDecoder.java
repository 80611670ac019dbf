package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.PrefixTree;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A decoder as a classifier, as transformers' {@code LlamaForSequenceClassification}: the head
 * {@code score}, without a bias, on the last token of each text. Texts with a common prefix share
 * its computation.
 */
final class ClassifyingDecoder implements TaskNetwork {
  private static final String HEAD = "score";

  private final LanguageModel model;
  private final Linear score;

  /** Adds a head of zeros to a model, which this network closes. */
  ClassifyingDecoder(LanguageModel model, int labels) {
    this.model = model;
    score = Linear.withoutBias(model.config().hiddenSize(), labels);
    model.graft(HEAD, score);
    Heads.zero(score);
  }

  @Override
  public Module module() {
    return model;
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts) {
    PrefixTree tree = PrefixTree.of(texts.stream().map(TokenSequence::ids).toList());
    long[] last = new long[texts.size()];
    for (int i = 0; i < last.length; i++) {
      last[i] = tree.place(i, texts.get(i).length() - 1);
    }
    Device device = model.device();
    Tensor ids = vector(tree.tokens(), device);
    LayerwiseForward forward =
        model.layerwise(TokenBatch.packed(ids, vector(tree.positions(), device), tree));
    Tensor x = forward.embed();
    for (int i = 0; i < forward.layers() - 1; i++) {
      int layer = i;
      Tensor input = x;
      x = Ops.inScope(() -> forward.layer(layer, input));
    }
    Tensor hidden = forward.finalHiddenAt(Ops.tensor(last).to(device, ScalarType.Long), x);
    return model.find(HEAD).forward(hidden);
  }

  @Override
  public Optional<Tensor> hidden(List<TokenSequence> texts) {
    return Optional.empty();
  }

  @Override
  public Tensor outputs(List<TokenSequence> texts, Tensor hidden) {
    throw new UnsupportedOperationException("a decoder computes texts with common prefixes together");
  }

  private static Tensor vector(int[] values, Device device) {
    long[] all = new long[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = values[i];
    }
    return Ops.tensor(all).view(1, -1).to(device, ScalarType.Long);
  }

  @Override
  public List<String> headModules() {
    return List.of(HEAD);
  }

  @Override
  public void resizeHead(int outputs) {
    Heads.resize(score, outputs);
  }

  @Override
  public int maxTokens() {
    return model.maxPositions();
  }

  @Override
  public int vocabularySize() {
    return model.vocabularySize();
  }

  @Override
  public int outputs() {
    return Math.toIntExact(score.weight().shape()[0]);
  }

  @Override
  public void close() {
    model.close();
  }
}
