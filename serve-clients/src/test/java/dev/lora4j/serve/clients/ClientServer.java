package dev.lora4j.serve.clients;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.LoraServer;
import java.nio.file.Path;

/** A server with a chat model, its adapter {@code pirate}, and an embedding model. */
record ClientServer(LoraServer server) implements AutoCloseable {
  static final String CHAT = "chat";
  static final String PIRATE = "pirate";
  static final String EMBEDDER = "embedder";

  static ClientServer start(Path directory) {
    Path chat = SavedTextModel.chatty(directory.resolve(CHAT));
    return new ClientServer(
        LoraServer.builder()
            .model(CHAT, chat)
            .model(EMBEDDER, Path.of("..", "llm", "src/test/resources/fixtures/embedding/last"))
            .adapter(PIRATE, SavedTextModel.adapter(chat, directory.resolve(PIRATE), 5))
            .port(0)
            .start());
  }

  /** The only thing that a user of OpenAI's API changes. */
  String baseUrl() {
    return "http://127.0.0.1:" + server.port() + "/v1";
  }

  @Override
  public void close() {
    server.close();
  }
}
