package dev.lora4j.llm.merge;

import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.LayerHints;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.lora.format.Naming;
import dev.lora4j.lora.format.NamingSearch;
import dev.lora4j.lora.format.StoredAdapter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The network of a checkpoint under its adapters' module paths, and the naming of its tensors. */
record AdaptedCheckpoint(WeightsOnly network, Naming naming) {

  static AdaptedCheckpoint of(Checkpoint base, List<StoredAdapter> adapters) {
    Set<String> paths = new LinkedHashSet<>();
    Set<String> embeddings = new LinkedHashSet<>();
    Set<String> others = new LinkedHashSet<>();
    for (StoredAdapter adapter : adapters) {
      for (String key : adapter.tensors().keySet()) {
        AdapterTensor.Part part = AdapterTensor.part(key);
        String path = AdapterTensor.path(key);
        if (part.isFactor()) {
          paths.add(path);
          (part.isOfEmbedding() ? embeddings : others).add(path);
        }
      }
    }
    Naming naming = NamingSearch.find(WeightsOnly.modulePaths(base), paths);
    return new AdaptedCheckpoint(
        WeightsOnly.of(base, naming, new LayerHints(embeddings, others)), naming);
  }
}
