package dev.lora4j.examples.springai;

import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Flux;

/** Chats with the adapter of the tenant, whole or as a stream. */
@RestController
class ChatController {
  private final ChatClient client;
  private final TenantAdapters adapters;

  ChatController(ChatClient.Builder client, TenantAdapters adapters) {
    this.client = client.build();
    this.adapters = adapters;
  }

  /** In production the tenant comes from the authenticated user, not from a header. */
  @PostMapping("/chat")
  String chat(@RequestHeader("X-Tenant") String tenant, @RequestBody String message) {
    return prompt(tenant, message).call().content();
  }

  @PostMapping(path = "/chat/stream", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  Flux<String> stream(@RequestHeader("X-Tenant") String tenant, @RequestBody String message) {
    return prompt(tenant, message).stream().content();
  }

  private ChatClient.ChatClientRequestSpec prompt(String tenant, String message) {
    String adapter =
        adapters
            .of(tenant)
            .orElseThrow(
                () ->
                    new ResponseStatusException(
                        HttpStatus.NOT_FOUND, "no tenant '" + tenant + "'"));
    return client.prompt(message).options(OpenAiChatOptions.builder().model(adapter));
  }
}
