package dev.lora4j.serve;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Path;

/**
 * A server with a small random model {@code base}, its adapter {@code pirate}, and four more,
 * {@code tenant0} to {@code tenant3}, in a folder; three of them fit in memory.
 */
record TinyServer(Path model, Path pirate, Path folder, LoraServer server)
    implements AutoCloseable {

  static TinyServer start(Path directory) {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path folder = directory.resolve("adapters");
    for (int i = 0; i < 4; i++) {
      SavedTextModel.adapter(model, folder.resolve("tenant" + i), 20 + i);
    }
    Path pirate = SavedTextModel.adapter(model, directory.resolve("pirate"), 5);
    LoraServer server =
        LoraServer.builder()
            .model("base", model)
            .adapter("pirate", pirate)
            .adapters(folder)
            .limits(ServingLimits.defaults().maxBatch(8).maxAdapters(3).cacheBytes(8 << 20))
            .port(0)
            .start();
    return new TinyServer(model, pirate, folder, server);
  }

  TestClient client() {
    return new TestClient(server);
  }

  @Override
  public void close() {
    server.close();
  }
}
