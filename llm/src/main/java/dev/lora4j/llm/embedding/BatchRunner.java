package dev.lora4j.llm.embedding;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Encodes texts and computes them in batches, on all workers; results keep the texts' order. */
final class BatchRunner implements AutoCloseable {
  private final LoraModel model;
  private final Workers workers;

  /** Computes a batch with the adapters that are active: {@code [B, …]}. */
  interface Uniform {
    Tensor of(List<TokenSequence> batch);
  }

  /** Computes a batch with an adapter for each text: {@code [B, …]}. */
  interface Mixed {
    Tensor of(List<TokenSequence> batch, List<String> adapters);
  }

  private interface Computed {
    Tensor of(BatchPlan.Batch batch);
  }

  BatchRunner(LoraModel model, int threads) {
    this.model = model;
    workers = new Workers(threads);
  }

  /** Encodes as many texts as given. */
  List<TokenSequence> encode(int count, IntFunction<TokenSequence> text) {
    TokenSequence[] encoded = new TokenSequence[count];
    workers.run(
        worker -> {
          for (int i = worker; i < count; i += workers.count()) {
            encoded[i] = text.apply(i);
          }
        });
    return Arrays.asList(encoded);
  }

  /** Computes all texts with the same adapters; one row of floats each. */
  float[][] run(List<TokenSequence> texts, List<String> adapters, Uniform network) {
    String[] names = adapters.toArray(String[]::new);
    return rows(
        texts,
        List.of(),
        batch -> {
          try (AdapterScope active = model.using(names)) {
            return network.of(batch.of(texts));
          }
        });
  }

  /** Computes each text with its own adapter, texts of different adapters in one batch. */
  float[][] runMixed(List<TokenSequence> texts, List<String> adapterOf, Mixed network) {
    return rows(texts, List.of(), batch -> network.of(batch.of(texts), batch.of(adapterOf)));
  }

  /** Computes each text with its own adapter, texts of one adapter in one batch. */
  float[][] runApart(List<TokenSequence> texts, List<String> adapterOf, Uniform network) {
    return rows(
        texts,
        adapterOf,
        batch -> {
          String name = adapterOf.get(batch.texts().get(0));
          try (AdapterScope active =
              name.equals(LoraModel.BASE) ? model.disabled() : model.using(name)) {
            return network.of(batch.of(texts));
          }
        });
  }

  private float[][] rows(List<TokenSequence> texts, List<String> adapterOf, Computed computed) {
    List<BatchPlan.Batch> batches = BatchPlan.of(texts, adapterOf, workers.count());
    float[][] rows = new float[texts.size()][];
    AtomicInteger next = new AtomicInteger();
    workers.run(
        worker -> {
          for (int i = next.getAndIncrement(); i < batches.size(); i = next.getAndIncrement()) {
            BatchPlan.Batch batch = batches.get(i);
            float[] all = floats(computed, batch);
            int width = all.length / batch.texts().size();
            for (int row = 0; row < batch.texts().size(); row++) {
              rows[batch.texts().get(row)] =
                  Arrays.copyOfRange(all, row * width, (row + 1) * width);
            }
          }
        });
    return rows;
  }

  private static float[] floats(Computed computed, BatchPlan.Batch batch) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      return Ops.floats(computed.of(batch));
    }
  }

  /** Ends the threads. */
  @Override
  public void close() {
    workers.close();
  }
}
