"""The complaints that every business knows, with the words that name them, and the words that say nothing.

An entry of `KNOWN` is `key | label | words`, and goes on in indented lines: the words in any of their endings.
The more telling complaints come first: a passage is about the first one that it names. A key is for good: the
history of a brand hangs on it. To name another complaint, add an entry with a new key; words may be added.
"""

KNOWN = {
    "fr": """
no_reply | pas de réponse, injoignable | répondre réponse réponses répond répondu injoignable joindre joignable
    rappeler rappelle silence ignoré nouvelles messagerie décroche
runaround | baladé d'un interlocuteur à l'autre | baladé balade renvoie renvoyé interlocuteur interlocuteurs
    promener contradictoire discours coordination
reminders | relances sans effet | relance relancer relances réclamation réclamer réclame insister
price_up | le prix augmente | augmentation augmente augmenter hausse hausses exploser flambe grimpe doublé bond
    majoration majoré
not_refunded | remboursement qui ne vient pas | remboursement rembourser rembourse remboursent
not_compensated | indemnisation insuffisante ou absente | indemnisation indemniser indemnise indemnité
    dédommagement dédommager compensation dédommage
refused | refus de prise en charge | refus refuse refuser refusent rejet rejeté charge exclusion exclu
hard_to_leave | résiliation difficile | résiliation résilier résilie rétractation désabonner désabonnement
    désinscrire
wrong_charge | paiement ou prélèvement contesté | payer payé paiement prélèvement prélever prélevé facture
    facturer débit débité virement impayé encaisser chèque
fees | frais à payer | frais franchise supplément commission pénalité taxe
scam | arnaque, mensonge | arnaque arnaques escroc escroquerie voleur voleurs mensonge mensonger menteur mentir
    ment tromper trompeuse fraude arnaquer supercherie illégal malhonnête abus douteux
rude | manque de respect | désagréable impoli agressif arrogant mépris méprisant irrespect respect odieux
    hautain insulte aimable sympathique agressivité politesse
incompetent | erreurs, incompétence | incompétence incompétent incapable compétent qualifié professionnalisme
    amateur erreur erreurs trompé formation
not_listening | pas d'écoute, pas d'aide | écoute aide aider dialogue empathie considération accompagnement
    humain soutien inutile parler impersonnel
unclear | informations absentes ou confuses | explication expliquer information informations informer
    renseignement renseigner comprendre compréhension incompréhensible clair opaque transparence flou
    communication
promise | promesse non tenue | promesse promis promettre promettait tenue engage
wait | attente, retard | attente attendre délai délais retard lent lente lenteur long longue longueur patienter
    tarder traîner tardif avance avancée jours
not_received | jamais reçu | reçu recevoir reçois reçoit recevais livré livrée perdu perdre perdent égaré
    disparu parvient
broken | ne fonctionne pas, en panne | fonctionner fonctionne bug bugs boguer planter plantage bloqué bloque
    panne marcher impossible impossibilité inutilisable connecter connexion télécharger installer installation
    déconne accéder accès marche
damaged | cassé, abîmé | cassé abîmé défectueux déchiré endommagé fissure dégât rayé usé humide malfaçon
repair | réparation mal faite ou tardive | réparation réparer réparateur garage garagiste remplacer travaux
    dépannage dépanneur pièces
complicated | trop compliqué | compliqué compliquer difficile complexe fouillis galère parcours lourd
    administratif document documents justificatif papier démarche formulaire
missing | il manque quelque chose | manque manquer manquant absent absence insuffisant limité incomplet
cover | garantie insuffisante ou refusée | garantie garanties garanti couverture couvert couvrir couvre
cancelled | rendez-vous ou commande annulé | annuler annulé annulation rdv reporté rupture
responsibility | responsabilité rejetée | responsable responsabilité obligation obligations
loyalty | fidélité mal récompensée | fidélité fidèle fidèles récompensé récompense ancienneté bonus sociétaire
too_dear | trop cher | cher chère chers chères cherté onéreux exorbitant élevé élevée excessif abusif coûteux
    coûte débourser payante
contact | contact difficile | contact contacter téléphone téléphonique appel appeler appels mail mails courrier
    courriers accueil plateforme conseiller
version | nouvelle version regrettée | version versions antérieure antérieur
inaccurate | imprécis, inexact | précis précision imprécis faux fausse fausses inexact décalé localisation
unhandy | peu pratique | ergonomie ergonomique pratique utilisation intuitif intuitive
ads | publicité | publicité publicités pub pubs
quality | qualité insuffisante | qualité camelote solide fragile fade froid sale saleté propreté bruyant
to_avoid | à fuir | fuir fuyez bannir éviter évitez partir quitter déconseille changer
bad | jugé mauvais, sans plus | mauvais mauvaise déplorable catastrophe catastrophique nul nulle pitoyable
    lamentable médiocre inadmissible inacceptable honte honteux scandaleux scandale désastreux horrible décevant
    déçu déception insatisfait insatisfaction mécontent mécontentement pire zéro satisfait satisfaisant minable
    moyen regrettable hauteur problème problèmes souci soucis
handling | suivi insuffisant | suivi suivre suivit traiter traité traitement gestion gérer géré gestionnaire
price | le prix | prix tarif tarifs tarifaire devis cotisation cotisations prime mensualité euros somme
    réduction remise
service | le service, sans plus | service services prestation assistance dossier dossiers
""",
    "en": """
no_reply | no reply, out of reach | response respond responded reply replied replies answer answered unanswered
    ignored ignore unreachable voicemail unresponsive
runaround | sent from one to another | runaround transferred passed bounced circles contradictory redirected
reminders | chasing without effect | chase chasing chased reminder reminders repeatedly escalate escalated
    complaint complain
price_up | the price goes up | increase increased increases raised rise risen hike doubled
not_refunded | refund that does not come | refund refunded refunds refunding reimbursed reimbursement
not_compensated | compensation missing or too small | compensation compensate compensated settlement payout
refused | refused | refuse refused refuses refusal denied deny rejected decline declined
hard_to_leave | hard to cancel | cancel cancelled canceled cancellation cancelling unsubscribe
wrong_charge | wrong charge | charge charged charges billed bill bills billing invoice payment payments paid
    debit debited overcharged
fees | fees | fee fees deductible surcharge penalty commission hidden
scam | scam, lies | scam scammers scammed fraud liar lies lied misleading misled dishonest theft thieves stole
    stolen deceptive fake
rude | rude | rude rudely impolite disrespectful disrespect arrogant aggressive attitude hostile insult insulted
incompetent | mistakes, incompetence | incompetent incompetence clueless unprofessional inexperienced mistake
    mistakes untrained error errors wrong
not_listening | no help | unhelpful help helpful helped listen listened care cared empathy useless support
unclear | information missing or confusing | explain explained explanation information informed communicate
    communication confusing confused unclear vague transparency
promise | broken promise | promise promised promises
wait | waiting, delays | wait waiting waited slow slowly delay delayed delays late long forever queue hold
not_received | never received | receive received lost arrive arrived undelivered delivered
broken | does not work | crash crashes crashing bug bugs buggy freeze freezes frozen glitch glitches work works
    working worked login load loading connect install
damaged | broken, damaged | broken broke damaged damage faulty defective crack cracked torn leak leaking ripped
repair | repair badly done or late | repair repaired repairs fix fixed replace replaced replacement technician
complicated | too complicated | complicated difficult complex hard confusing paperwork forms documents hassle
missing | something is missing | missing lack lacks lacking incomplete absent
cover | warranty or cover missing | warranty guarantee guaranteed cover covered coverage
cancelled | appointment or order called off | appointment appointments rescheduled postponed stock
responsibility | nobody takes responsibility | responsible responsibility blame accountable accountability
loyalty | loyalty not rewarded | loyal loyalty reward rewards
too_dear | too expensive | expensive overpriced pricey costly cost costs dear money
contact | hard to contact | contact contacted phone call called calls email emails emailed chat agent
version | new version regretted | version versions update updated updates
inaccurate | inaccurate | accurate accuracy inaccurate imprecise
unhandy | not handy | usability intuitive clunky awkward unusable
ads | too many ads | ads advert adverts advertising
quality | poor quality | quality cheap flimsy dirty filthy noisy cold stale smell bland tasteless
to_avoid | to be avoided | avoid leave leaving elsewhere beware switch
bad | found bad, no more said | bad terrible awful horrible poor poorly worst worse disappointing disappointed
    disappointment rubbish unacceptable appalling disgusting pathetic dreadful garbage trash joke shocking
    ridiculous disgrace unsatisfied dissatisfied unhappy problem problems issue issues
handling | badly handled | handle handled handling process processed processing follow followed
price | the price | price prices priced pricing premium premiums
service | the service, no more said | service services
""",
}
"""Language → the complaints, the more telling first."""

VAGUE = {
    "fr": """service client clients clientèle assurance assureur contrat sinistre voiture véhicule auto société
    compagnie entreprise agence produit application appli site compte dossier commande livraison colis
    magasin""",
    "en": """service customer customers company product app website account order delivery item store insurance
    place experience staff""",
}
"""Language → words that name what is complained of, and not why."""

EMPTY = {
    "fr": """ai aie ait ais as au aux avec avait avais avaient avez avoir avons ayant aurait aurais auraient ce
    ceci cela celle celui ces cet cette ceux chez comme comment dans de des du dont donc elle elles en
    encore entre es est et etait étais été être eu eux fait faire faut fois font il ils je jusqu la le
    les leur leurs lors lorsque lui ma mais me même mêmes mes moi mon ne ni non nos notre nous on ont ou
    par parce pas pendant peu peut peux plus pour pourtant pouvoir pu puis qu quand que quel quelle
    quelles quels qui quoi quoique rien sa sans se sera serait ses si soit sommes son sont suis sur ta
    te tes toi ton tous tout toute toutes très trop tu un une va vais vas vers veut veux voici voilà
    vont vos votre vous vraiment afin ainsi alors après assez aucun aussi autant autre autres avant
    beaucoup bien bon bonne bonnes bons car certains chaque depuis déjà deux dire dit dis doit dois
    devoir dernier dernière enfin étant fais grand gros ici jamais jour juste mal mettre mis mise moins
    mois nouveau nouvelle parfois part point pourquoi près presque prend prendre pris quelque quelques
    sauf aucune selon sous souvent surtout tant tel telle tellement tjrs toujours trois vite voir vu an
    ans année annees heure heures semaine semaines minute minutes hui aujourd actuellement seul seule
    hors rien nul passe passer passé donne donner demande demander demandes arrive arriver mettent cas
    chose choses temps gens personne personnes monde vie plusieurs monsieur madame mme mlle envoie
    envoyer trouve trouver propose utilisé""",
    "en": """my we our you your he him his she her it its they them their this that these those am is are was
    were be been being have has had having do does did doing an the and but if or because as until while
    of at by for with about against between into through during before after above below to from up down
    in out on off over under again further then once here there when where why how all any both each few
    more most other some such only own same so than too very can will just should now would could also
    get got even still us im ive ever never not no none without nothing nobody cannot don doesn didn won
    isn wasn really much many one two three first last back day days week weeks month months year years
    time times hour hours good well make made take took go going went said say says tell told give gave
    want people thing things lot mr mrs ms""",
}
"""Words that say nothing by themselves, in any language: a text in one often holds words of the other."""
