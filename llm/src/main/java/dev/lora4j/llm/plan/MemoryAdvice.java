package dev.lora4j.llm.plan;

import dev.lora4j.llm.train.BatchConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The changes that make a training run fit into memory, those that lose least first: gradient
 * checkpointing, smaller batches and a base in 16 bits change no step, shorter sequences lose the
 * end of long examples, a quantised base rounds the weights, a lower rank has fewer parameters.
 *
 * @param changes the options to give instead, such as {@code --gradient-checkpointing}
 * @param setup the settings with all changes
 * @param memory the memory of these settings
 * @param fits whether that is enough
 */
public record MemoryAdvice(
    List<String> changes, TrainingSetup setup, TrainingMemory memory, boolean fits) {
  private static final int SHORTEST = 256;
  private static final int LOWEST_RANK = 4;
  private static final String STORE = ""; // its options have their names
  private static final List<BaseStore> QUANTIZED =
      List.of(BaseStore.INT8, BaseStore.NF4, BaseStore.NF4_DOUBLE);

  public MemoryAdvice {
    changes = List.copyOf(changes);
  }

  /**
   * A step towards less memory.
   *
   * @param kind the option, of which the last step counts
   * @param value the option's value; empty for a flag
   */
  private record Change(String kind, String value, UnaryOperator<TrainingSetup> apply) {
    String option() {
      return (kind + " " + value).strip();
    }
  }

  /**
   * Returns the changes that are needed; none if the settings fit.
   *
   * @param available memory in bytes
   */
  public static MemoryAdvice of(ModelOutline model, TrainingSetup setup, long available) {
    Map<String, Change> taken = new LinkedHashMap<>();
    for (Change change : changes(model, setup)) {
      if (total(model, setup, taken.values()) <= available) {
        break;
      }
      taken.put(change.kind(), change);
    }
    boolean fits = total(model, setup, taken.values()) <= available;
    if (fits) {
      dropNeedless(model, setup, taken, available);
    }
    TrainingSetup changed = applied(setup, taken.values());
    List<String> options = taken.values().stream().map(Change::option).toList();
    return new MemoryAdvice(options, changed, model.training(changed), fits);
  }

  /** Drops changes that later ones have made needless, those that lose most first. */
  private static void dropNeedless(
      ModelOutline model, TrainingSetup setup, Map<String, Change> taken, long available) {
    List<String> kinds = new ArrayList<>(taken.keySet());
    Collections.reverse(kinds);
    for (String kind : kinds) {
      Map<String, Change> others = new LinkedHashMap<>(taken);
      others.remove(kind);
      if (total(model, setup, others.values()) <= available) {
        taken.remove(kind);
      }
    }
  }

  private static long total(ModelOutline model, TrainingSetup setup, Collection<Change> changes) {
    return model.training(applied(setup, changes)).total();
  }

  private static TrainingSetup applied(TrainingSetup setup, Collection<Change> changes) {
    TrainingSetup changed = setup;
    for (Change change : changes) {
      changed = change.apply().apply(changed);
    }
    return changed;
  }

  private static List<Change> changes(ModelOutline model, TrainingSetup setup) {
    BatchConfig batching = setup.batching();
    List<Change> changes = new ArrayList<>();
    if (!batching.activationCheckpointing()) {
      changes.add(
          new Change(
              "--gradient-checkpointing", "", s -> s.with(s.batching().gradientCheckpointing())));
    }
    for (int batch = batching.batchSize() / 2; batch >= 1; batch /= 2) {
      changes.add(smallerBatch(batching, batch));
    }
    if (model.isHalf()) {
      addStore(changes, model, setup, BaseStore.BF16);
    }
    for (int length = batching.maxSeqLength() / 2; length >= SHORTEST; length /= 2) {
      int shorter = length;
      changes.add(
          new Change(
              "--max-seq-length",
              String.valueOf(shorter),
              s -> s.with(s.batching().maxSeqLength(shorter))));
    }
    for (BaseStore store : QUANTIZED) {
      addStore(changes, model, setup, store);
    }
    for (int rank = setup.adapter().rank() / 2; rank >= LOWEST_RANK; rank /= 2) {
      int lower = rank;
      changes.add(
          new Change("--rank", String.valueOf(lower), s -> s.with(s.adapter().withRank(lower))));
    }
    return changes;
  }

  /** Adds a store, if it takes less memory; the last one counts. */
  private static void addStore(
      List<Change> changes, ModelOutline model, TrainingSetup setup, BaseStore store) {
    BaseWeights weights = model.base(store);
    if (weights.bytes() < setup.base().bytes()) {
      changes.add(new Change(STORE, store.options(), s -> s.with(weights)));
    }
  }

  /** A smaller batch, with as many more of them in a step. */
  private static Change smallerBatch(BatchConfig batching, int batch) {
    int rows = batching.batchSize() * batching.gradientAccumulationSteps();
    int steps = (rows + batch - 1) / batch;
    return new Change(
        "--batch-size",
        batch + " --gradient-accumulation-steps " + steps,
        s -> {
          BatchConfig now = s.batching();
          return s.with(
              new BatchConfig(
                  batch, steps, now.maxSeqLength(), now.packed(), now.activationCheckpointing()));
        });
  }
}
