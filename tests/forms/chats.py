"""Requests and answers of services that look at images."""
from .encoded import data_url, url_safe
from .form import Form
from .pixels import FOUR, PNG, PNG_FILES, RGB, b64

OPENAI = "messages[*].content[*].image_url.url"


def openai(*urls):
    """A record of OpenAI's fine-tuning."""
    parts = [{"type": "image_url", "image_url": {"url": url, "detail": "low"}} for url in urls]
    return {"messages": [{"role": "system", "content": "You see."},
                         {"role": "user", "content": [{"type": "text", "text": "?"}, *parts]},
                         {"role": "assistant", "content": "a cat"}]}


def user(*parts):
    """A message list of one message."""
    return [{"role": "user", "content": list(parts)}]


def anthropic_image(data):
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(data)}}


URLS = [data_url(data) for data in PNG]
FORMS = [
    Form("openai", "fine-tuning", [openai(url) for url in URLS], RGB, [f"--field {OPENAI}"]),
    Form("openai-some", "none to two images in a record",
         [openai(*URLS[:2]), openai(), {"messages": [{"role": "user", "content": "hi"}]}, openai(URLS[2]),
          openai(URLS[3])], RGB, [f"--field {OPENAI}"]),
    Form("openai-batch", "lines of a batch",
         [{"custom_id": f"r-{i}", "method": "POST", "url": "/v1/chat/completions",
           "body": {"model": "m", **openai(URLS[i])}} for i in FOUR], RGB, [f"--field body.{OPENAI}"]),
    Form("openai-responses", "input_image",
         [{"input": user({"type": "input_text", "text": "?"}, {"type": "input_image", "image_url": url})}
          for url in URLS], RGB, ["--field input[*].content[*].image_url"]),
    Form("openai-output", "b64_json",
         [{"custom_id": f"r-{i}", "response": {"body": {"data": [{"b64_json": b64(PNG[i])}]}}} for i in FOUR], RGB,
         ["--field response.body.data[*].b64_json"]),
    Form("llama-factory", "paths in image_url parts",
         [{"messages": user({"type": "image_url", "value": f"im{i}.png"}, {"type": "text", "value": "who?"})}
          for i in FOUR], RGB, ["--field messages[*].content[*].value"], files=PNG_FILES),
    Form("openai-one-url", "one image is on the web",
         [openai(URLS[0]), openai("https://example.com/a.png"), *map(openai, URLS[1:])], RGB, [f"--field {OPENAI}"],
         exit=3),
    Form("openai-urls", "all images are on the web", [openai("https://example.com/a.png") for _ in FOUR], None),
    Form("anthropic", "lines of a batch",
         [{"custom_id": "r", "params": {"messages": user(anthropic_image(data), {"type": "text", "text": "?"})}}
          for data in PNG], RGB, ["--field params.messages[*].content[*].source.data"]),
    Form("gemini", "inlineData",
         [{"request": {"contents": [{"role": "user", "parts": [
             {"text": "?"}, {"inlineData": {"mimeType": "image/png", "data": b64(data)}}]}]}} for data in PNG], RGB,
         ["--field request.contents[*].parts[*].inlineData.data"]),
    Form("gemini-python", "inline_data, the other alphabet",
         [{"request": {"contents": [{"role": "user", "parts": [
             {"text": "?"}, {"inline_data": {"mime_type": "image/png", "data": url_safe(data)}}]}]}} for data in PNG],
         RGB, ["--field request.contents[*].parts[*].inline_data.data"]),
    Form("ollama", "images", [{"model": "llava", "prompt": "?", "images": [b64(data)]} for data in PNG], RGB,
         ["--field images[*]"]),
    Form("ollama-chat", "images in messages, some null",
         [{"model": "llava", "messages": [{"role": "system", "content": "x", "images": None},
                                          {"role": "user", "content": "?", "images": [b64(data)]}]} for data in PNG],
         RGB, ["--field messages[*].images[*]"]),
    Form("bedrock", "Converse",
         [{"messages": user({"image": {"format": "png", "source": {"bytes": b64(data)}}})} for data in PNG], RGB,
         ["--field messages[*].content[*].image.source.bytes"]),
    Form("clarifai", "inputs", [{"inputs": [{"data": {"image": {"base64": b64(data)}}}]} for data in PNG], RGB,
         ["--field inputs[*].data.image.base64"]),
    Form("mistral", "image_url is a string",
         [{"messages": user({"type": "image_url", "image_url": url})} for url in URLS],
         RGB, ["--field messages[*].content[*].image_url"]),
]
