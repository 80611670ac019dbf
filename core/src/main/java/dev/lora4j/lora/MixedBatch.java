package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Mixed batches, in which each row has its own adapter, for a network whose forward takes more than
 * one tensor; {@link LoraModel#withRows} suits all others.
 *
 * <pre>{@code
 * try (AdapterScope rows = MixedBatch.using(model, List.of("alice", "bob", LoraModel.BASE))) {
 *   Tensor hidden = encoder.hidden(batchOfThreeTexts);
 * }
 * }</pre>
 */
public final class MixedBatch {
  private MixedBatch() {}

  /**
   * Activates an adapter for each row of the calling thread's batches, {@link LoraModel#BASE} for
   * none, until the scope closes. Rows are computed together, with their adapters' deltas only; run
   * modules that an adapter saves whole afterwards, under {@link LoraModel#using}.
   *
   * @param adapterOfRow one for each row of the layers' inputs
   * @throws UserError if an adapter is unknown, or its deltas can't share a batch
   */
  public static AdapterScope using(LoraModel model, List<String> adapterOfRow) {
    return entered(model, () -> perRow(model, adapterOfRow), PerRowAdapters::retire);
  }

  /**
   * Activates an adapter for each row of a network whose last layers compute fewer rows, such as
   * one for each text instead of each token.
   *
   * @param adapterOfRow one for each row of most layers' inputs
   * @param adapterOfFewer one for each row of the other layers' inputs
   */
  public static AdapterScope using(
      LoraModel model, List<String> adapterOfRow, List<String> adapterOfFewer) {
    return entered(
        model,
        () -> new RowCountAdapters(perRow(model, adapterOfRow), perRow(model, adapterOfFewer)),
        RowCountAdapters::retire);
  }

  private static PerRowAdapters perRow(LoraModel model, List<String> adapterOfRow) {
    AdapterRegistry adapters = model.adapters();
    adapters.requireUnmerged("use other adapters");
    PerRowAdapters perRow = new PerRowAdapters(adapters.ofRows(adapterOfRow));
    for (Adapter adapter : perRow.adapters()) {
      if (!adapter.deltasCanShareBatch()) {
        throw new UserError(
            "adapter '%s' can't share a batch with others".formatted(adapter.name()));
      }
    }
    return perRow;
  }

  /** Chooses again if an adapter is removed before the choice is entered. */
  private static <A extends ActiveAdapters> AdapterScope entered(
      LoraModel model, Supplier<A> choosing, Consumer<A> retire) {
    AtomicReference<A> last = new AtomicReference<>();
    AdapterScope scope =
        model
            .adapters()
            .enter(
                () -> {
                  A choice = choosing.get();
                  last.set(choice);
                  return choice;
                });
    A entered = last.get();
    return () -> {
      scope.close();
      retire.accept(entered);
    };
  }

  /**
   * Returns whether {@link #using} computes a part of the network completely: the adapters' deltas
   * can share a batch, and the modules that they save whole lie outside the part.
   */
  public static boolean suits(LoraModel model, Module part, Collection<String> names) {
    return suits(model, part, List.of(), names);
  }

  /**
   * Returns whether {@link #using} computes a part without some of its modules completely.
   *
   * @param without modules in the part that are run afterwards
   */
  public static boolean suits(
      LoraModel model, Module part, Collection<Module> without, Collection<String> names) {
    List<Adapter> adapters =
        names.stream()
            .filter(name -> !name.equals(LoraModel.BASE))
            .distinct()
            .map(model::adapter)
            .toList();
    Set<Module> later = Collections.newSetFromMap(new IdentityHashMap<>());
    without.forEach(module -> later.addAll(withBelow(module)));
    List<Module> owners =
        adapters.stream().flatMap(Adapter::owners).filter(owner -> !later.contains(owner)).toList();
    return adapters.stream().allMatch(Adapter::deltasCanShareBatch)
        && (owners.isEmpty() || Collections.disjoint(withBelow(part), owners));
  }

  private static Set<Module> withBelow(Module module) {
    Set<Module> all = Collections.newSetFromMap(new IdentityHashMap<>());
    all.add(module);
    all.addAll(module.namedModules().values());
    return all;
  }
}
