package dev.lora4j.llm.task.predict;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * The outputs of a batch whose texts have different adapters. The body computes all texts together,
 * with one low-rank product for each adapter and layer; each adapter's head computes its own texts.
 */
final class MixedOutputs {
  private final TaskNetwork network;
  private final LoraModel model;

  MixedOutputs(TaskNetwork network, LoraModel model) {
    this.network = network;
    this.model = model;
  }

  /** Consecutive texts of one adapter. */
  private record Run(String adapter, List<TokenSequence> texts) {
    long tokens() {
      return texts.stream().mapToLong(TokenSequence::length).sum();
    }
  }

  /**
   * Computes the outputs of texts.
   *
   * @param adapterOfText texts of one adapter are next to each other
   * @return for each text, a row, or a row for each token
   */
  List<float[][]> of(List<TokenSequence> texts, List<String> adapterOfText) {
    List<Run> runs = runs(texts, adapterOfText);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      boolean together = runs.size() > 1 && network.mixes(model, adapterOfText);
      Optional<Tensor> features =
          together ? Optional.of(network.features(texts, model, adapterOfText)) : Optional.empty();
      List<float[][]> outputs = new ArrayList<>();
      long from = 0;
      for (Run run : runs) {
        long rows = network.isPerToken() ? run.tokens() : run.texts().size();
        try (AdapterScope own = model.using(run.adapter())) {
          Tensor all =
              features.isPresent()
                  ? network.head(features.get().narrow(0, from, rows))
                  : network.outputs(run.texts());
          outputs.addAll(rows(all, run.texts()));
        }
        from += rows;
      }
      return outputs;
    }
  }

  private static List<Run> runs(List<TokenSequence> texts, List<String> adapterOfText) {
    List<Run> runs = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= texts.size(); i++) {
      if (i == texts.size() || !adapterOfText.get(i).equals(adapterOfText.get(from))) {
        runs.add(new Run(adapterOfText.get(from), texts.subList(from, i)));
        from = i;
      }
    }
    return runs;
  }

  private List<float[][]> rows(Tensor outputs, List<TokenSequence> texts) {
    int width = Math.toIntExact(outputs.size(1));
    float[] values = Ops.floats(outputs);
    List<float[][]> rows = new ArrayList<>();
    int at = 0;
    for (TokenSequence text : texts) {
      float[][] own = new float[network.isPerToken() ? text.length() : 1][];
      for (int row = 0; row < own.length; row++) {
        own[row] = Arrays.copyOfRange(values, at, at + width);
        at += width;
      }
      rows.add(own);
    }
    return rows;
  }
}
