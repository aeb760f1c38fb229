"""Refusal: replies that refuse, and answers that quote a refusal."""

from __future__ import annotations

from pipeline.curate.steps.refusal import Refusal
from tests.pipeline.curate.make import dropped

REFUSALS = [
    "I'm sorry, but I can't assist with that.",
    "I’m sorry, but I can’t help with that request.",
    "**I'm sorry**, but I cannot fulfill this request.",
    "Sorry, I cannot answer that question.",
    "As an AI language model, I cannot provide medical advice.",
    "I apologize, but I cannot generate explicit content.",
    "Unfortunately, I am not able to assist with creating malware.",
    "I understand you are frustrated. However, I can't help with this.",
    "I won't be able to help with that.",
    "I can't provide instructions for making weapons.",
    "I don't feel comfortable discussing this topic.",
    "I cannot engage in discussions of that nature.",
    "That is a great question! As an AI language model, I don't have personal opinions.",
    "I'm an AI assistant, so I don't eat food, but pizza is popular.",
    "As of my last knowledge update in September 2021, the president was Biden.",
    "I can’t write that essay for you.",
    "Sorry, I can't reproduce the lyrics of that song.",
    # Written after the patterns, and not read again before they were final:
    "Sorry, but that's not something I can help with.",
    "I am unable to comply with this request because it may cause harm.",
    "I'm really sorry, but I'm not able to provide that information.",
    "Apologies, but I cannot discuss that topic.",
    "As an AI developed by OpenAI, I do not hold political views.",
    "I must decline this request.",
    "I'm just an AI, but here is what I think.",
    "We are unable to process your request.",
]


ANSWERS = [
    "spam",
    "I can't wait to see you next week!",
    "I'm sorry to hear that your order was late. We will send a new one today.",
    "I'm sorry, but I can't make it to the party on Friday.",
    "Dear Anna,\n\nI'm sorry, but I can't assist with the move on Sunday.",
    "I can't help but notice how blue the sky is.",
    '"As an AI language model, I cannot answer" is what the chatbot told me, so I write to you.',
    "The bot said: \"I'm sorry, but I can't assist with that.\" What shall I do?",
    "> As an AI language model, I can't do that.\n\nThis is what I got. Can you fix it?",
    "ham. The mail quotes an AI: I'm sorry, but I can't help with that.",
    "I cannot recommend this book enough.",
    "We can't provide the report before Monday, but here is a draft.",
    "As an AI researcher, I study how language models refuse.",
    "The phrase 'I cannot fulfill this request' appears in many spam mails.",
    "Our assistant is an AI language model that cannot give legal advice.",
    "We couldn't process your payment. Please update your card.",
    # Written after the patterns, and not read again before they were final:
    "I won't answer for him, but I think he agrees.",
    "Unfortunately, I can't give you a lift tomorrow.",
    "As an airline, we cannot refund this ticket.",
    "I don't have access to the building after six.",
    "I'm afraid of spiders.",
    "Sorry, I can't share my notes with you before the exam.",
    "My training starts on Monday.",
    "I am an artist and I do not feel comfortable on stage.",
]


def test_refusals_are_found_and_answers_that_quote_them_stay() -> None:
    found, wrong = sum(dropped(Refusal(), REFUSALS)), sum(dropped(Refusal(), ANSWERS))
    assert found / len(REFUSALS) >= 0.8
    assert found / (found + wrong) >= 0.95
