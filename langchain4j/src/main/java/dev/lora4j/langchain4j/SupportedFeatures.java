package dev.lora4j.langchain4j;

import dev.langchain4j.data.message.ChatMessageType;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.util.Locale;
import java.util.Optional;

/** Refuses the features of LangChain4j that the engine does not have. */
final class SupportedFeatures {
  private SupportedFeatures() {}

  static void require(ChatRequestParameters parameters) {
    Optional.ofNullable(parameters.toolChoice())
        .filter(ToolChoice.REQUIRED::equals)
        .ifPresent(choice -> refuse("ToolChoice." + choice));
    Optional.ofNullable(parameters.toolSpecifications())
        .filter(tools -> !tools.isEmpty())
        .ifPresent(tools -> refuse("tools"));
    Optional.ofNullable(parameters.responseFormat())
        .map(ResponseFormat::type)
        .filter(ResponseFormatType.JSON::equals)
        .ifPresent(json -> refuse("JSON response format"));
  }

  static void require(ContentType type) {
    if (type != ContentType.TEXT) {
      refuse("content of type " + type.name().toLowerCase(Locale.ROOT));
    }
  }

  static UnsupportedFeatureException of(ChatMessageType type) {
    return exception("messages of type " + type.name().toLowerCase(Locale.ROOT));
  }

  private static void refuse(String feature) {
    throw exception(feature);
  }

  private static UnsupportedFeatureException exception(String feature) {
    return new UnsupportedFeatureException("lora4j does not support: " + feature);
  }
}
