package dev.lora4j.llm.recipe;

import dev.lora4j.llm.train.TrainingJob;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadRng;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/** The adapter with which a run starts: a new one, or a given one. */
record AdapterStart(FineTuneRecipe recipe, Path out) {

  /**
   * Adds it to a network. Initial values are drawn from the calling thread's own generator, besides
   * others that draw.
   *
   * @param storage how the base is kept
   * @param created makes a new adapter
   * @throws dev.lora4j.UserError if a resumed run had another base or initial adapter
   */
  LoraModel addTo(Module network, List<String> storage, String name, Supplier<LoraModel> created) {
    return seeded(() -> added(network, storage, name, created));
  }

  private LoraModel seeded(Supplier<LoraModel> work) {
    if (!recipe.device.equals("cpu")) { // whose generator is the process's
      Engine.seed(recipe.seed);
      return work.get();
    }
    try (ThreadRng random = new ThreadRng()) {
      random.seed(recipe.seed);
      random.enter();
      try {
        return work.get();
      } finally {
        random.leave();
      }
    }
  }

  private LoraModel added(
      Module network, List<String> storage, String name, Supplier<LoraModel> created) {
    boolean resumed = recipe.start == TrainingJob.Start.RESUMED;
    if (resumed) {
      new RunRecord(out).requireSame(storage);
    }
    if (recipe.initial.isEmpty()) {
      return created.get();
    }
    InitialAdapter initial = recipe.initial.get();
    if (resumed) {
      new RunRecord(out).requireSame(initial);
    }
    return initial.addTo(network, name);
  }
}
