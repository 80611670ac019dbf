package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.MixedBatchDelta;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A view of a network for mixed batches, in which each row has its own adapter. */
final class MixedBatchView extends Module {
  private final Module base;
  private final AdapterRegistry adapters;
  private final List<String> names;
  private @Nullable PerRowAdapters last;

  MixedBatchView(Module base, AdapterRegistry adapters, List<String> adapterOfRow) {
    this.base = base;
    this.adapters = adapters;
    names = List.copyOf(adapterOfRow);
    if (names.isEmpty()) {
      throw new UserError("name an adapter for each row of the batch; the list is empty");
    }
    train(base.isTraining());
    child("", base);
    ofRows();
  }

  private List<Optional<Adapter>> ofRows() {
    return adapters.ofRows(names);
  }

  /** Computes each row of {@code [rows, …]} with its adapter. */
  @Override
  public Tensor forward(Tensor input) {
    adapters.requireUnmerged("use other adapters");
    MixedBatchDelta.requireRows(input, names.size());
    List<Optional<Adapter>> ofRows = ofRows();
    return ofRows.stream().flatMap(Optional::stream).allMatch(Adapter::canShareBatch)
        ? together(input)
        : apart(input);
  }

  private Tensor together(Tensor input) {
    try (AdapterScope scope = adapters.enter(this::perRow)) {
      return base.forward(input);
    }
  }

  /** Returns the cached choice as long as the names refer to the same adapters. */
  private synchronized PerRowAdapters perRow() {
    List<Optional<Adapter>> now = ofRows();
    PerRowAdapters known = last;
    if (known == null || !known.ofRows().equals(now)) {
      forget();
      known = new PerRowAdapters(now);
      last = known;
    }
    return known;
  }

  private void forget() {
    if (last != null) {
      last.retire();
      last = null;
    }
  }

  /** Computes adapters in turn, since one of them changes parts of the base for all rows. */
  private Tensor apart(Tensor input) {
    Map<String, List<Long>> rowsOf =
        IntStream.range(0, names.size())
            .boxed()
            .collect(
                Collectors.groupingBy(
                    names::get,
                    LinkedHashMap::new,
                    Collectors.mapping(Integer::longValue, Collectors.toList())));
    List<Tensor> outputs = new ArrayList<>();
    List<Tensor> positions = new ArrayList<>();
    rowsOf.forEach(
        (name, rows) -> {
          Tensor own = indices(rows).to(input.device(), torch.ScalarType.Long);
          outputs.add(forward(name, input.index_select(0, own)));
          positions.add(own);
        });
    return joined(outputs).index_select(0, joined(positions).argsort());
  }

  private Tensor forward(String name, Tensor rows) {
    List<String> chosen = name.equals(LoraModel.BASE) ? List.of() : List.of(name);
    return new AdapterView(base, adapters, chosen).forward(rows);
  }

  private static Tensor indices(List<Long> rows) {
    return Ops.tensor(rows.stream().mapToLong(Long::longValue).toArray());
  }

  private static Tensor joined(List<Tensor> parts) {
    return Ops.join(0, parts.toArray(new Tensor[0]));
  }

  /** Frees the cached deltas; the network is not affected. */
  @Override
  public synchronized void close() {
    forget();
  }
}
