package dev.lora4j.llm.gate;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.Example;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The examples of a gate.
 *
 * @param heldOut held-out examples as the adapter was trained on such: groups of one example, or
 *     preference pairs with the chosen answer first
 * @param served the groups as the tokenizer and chat template that serve the adapter render them,
 *     possibly among others
 * @param general general texts that the adapter was not trained on; may be empty
 * @param beta the beta of DPO, for preference pairs
 */
public record GateData(
    List<List<Example>> heldOut, List<List<Example>> served, List<Example> general, double beta) {
  /** The beta of DPO unless another is set. */
  public static final double DEFAULT_BETA = 0.1;

  private static final int MAX_GROUPS = 200;
  private static final int MAX_GENERAL = 64;

  public GateData {
    if (heldOut.isEmpty()) {
      throw new UserError("the gate needs held-out examples, found none");
    }
    heldOut = List.copyOf(heldOut.subList(0, Math.min(MAX_GROUPS, heldOut.size())));
    general = List.copyOf(general.subList(0, Math.min(MAX_GENERAL, general.size())));
  }

  /** Held-out examples that are rendered as the adapter is served. */
  public static GateData of(List<List<Example>> heldOut, List<Example> general) {
    return new GateData(heldOut, heldOut, general, DEFAULT_BETA);
  }

  boolean isPairs() {
    return heldOut.get(0).size() == 2;
  }

  /** The first example of each group: the only one, or the chosen answer. */
  List<Example> answers() {
    return heldOut.stream().map(group -> group.get(0)).toList();
  }

  /** Returns the number of groups that are rendered in another way when the adapter is served. */
  long renderedDifferently() {
    Set<List<Example>> rendered = new HashSet<>(served);
    return heldOut.stream().filter(group -> !rendered.contains(group)).count();
  }
}
